/** A room's voice, above its conversation: who talks, the way in, the call itself, and why it ended. Nothing while nobody talks. */

import { type RefObject, useEffect, useRef } from 'react'
import type { MemberRoom } from '../../state/rooms'
import type { Session } from '../../state/session'
import type { VoiceModel } from '../../state/voiceModel'
import type { VoiceState } from '../../voice/voice'
import { Avatar } from '../Avatar'
import { Button, IconButton } from '../Button'
import { Icon } from '../Icon'
import { CallPanel } from './CallPanel'
import styles from './VoiceDock.module.css'
import { type Explanation, talking, voiceEnd, voiceFault } from './voiceWords'

interface VoiceDockProps {
  readonly session: Session
  readonly me: string
  readonly room: MemberRoom
  readonly model: VoiceModel
}

export function VoiceDock({ session, me, room, model }: VoiceDockProps) {
  const { state } = model
  const dock = useRef<HTMLElement>(null)
  useKeptFocus(dock, state.kind)
  return (
    <section ref={dock} className={styles.dock} aria-label="Voice" tabIndex={-1}>
      <Progress model={model} />
      {state.kind === 'on' && <CallPanel key={state.roomId} session={session} me={me} room={room} model={model} call={state.call} />}
      <Announcer names={model.people} me={me} />
    </section>
  )
}

/** A button that was pressed goes away with its state; the focus goes on to what came instead of it. */
function useKeptFocus(dock: RefObject<HTMLElement | null>, kind: VoiceState['kind']): void {
  const before = useRef(kind)
  useEffect(() => {
    const hasChanged = before.current !== kind
    before.current = kind
    const isLost = document.activeElement === document.body || document.activeElement === dock.current
    if (!hasChanged || !isLost) return
    const controls = dock.current?.querySelector<HTMLElement>('[role="group"] button')
    ;(controls ?? dock.current)?.focus({ preventScroll: true })
  }, [dock, kind])
}

function Progress({ model }: { readonly model: VoiceModel }) {
  const { state, people, join, leave, dismiss } = model
  switch (state.kind) {
    case 'on':
      return null
    case 'off':
      return people.length === 0 ? null : <Invitation people={people} join={join} />
    case 'asking':
      return (
        <div className={styles.strip} role="status">
          <span className={styles.pulse} aria-hidden="true" />
          <p>
            <strong>Waiting for your microphone.</strong> Allow it when your browser asks.
          </p>
          <Button size="small" look="quiet" onClick={leave}>
            Cancel
          </Button>
        </div>
      )
    case 'joining':
      return (
        <div className={styles.strip} role="status">
          <span className={styles.pulse} aria-hidden="true" />
          <p>Joining voice…</p>
          <Button size="small" look="quiet" onClick={leave}>
            Cancel
          </Button>
        </div>
      )
    case 'ended':
      return <Ended text={voiceEnd(state.reason, state.by, model.isEnabled)} label={state.reason === 'replaced' ? 'Join here' : 'Join voice'} join={people.length > 0 ? join : undefined} onDismiss={dismiss} />
    case 'failed':
      return <Failed explanation={voiceFault(state.fault)} join={join} onDismiss={dismiss} />
  }
}

function Invitation({ people, join }: { readonly people: readonly string[]; readonly join: (() => void) | undefined }) {
  return (
    <div className={styles.strip}>
      <span className={styles.faces}>
        {people.slice(0, 4).map((userId) => (
          <Avatar key={userId} name={userId} shape="person" size="small" />
        ))}
      </span>
      <p>
        <bdi>{talking(people)}</bdi>
      </p>
      {join !== undefined && (
        <Button size="small" onClick={join}>
          <Icon name="headset" size={18} />
          Join voice
        </Button>
      )}
    </div>
  )
}

interface EndedProps {
  readonly text: string
  readonly label: string
  readonly join: (() => void) | undefined
  readonly onDismiss: () => void
}

function Ended({ text, label, join, onDismiss }: EndedProps) {
  return (
    <div className={styles.strip} role="status">
      <Icon name="hangUp" />
      <p>{text}</p>
      {join !== undefined && (
        <Button size="small" look="tinted" onClick={join}>
          {label}
        </Button>
      )}
      <IconButton icon="close" label="Dismiss" onClick={onDismiss} />
    </div>
  )
}

interface FailedProps {
  readonly explanation: Explanation
  readonly join: (() => void) | undefined
  readonly onDismiss: () => void
}

function Failed({ explanation, join, onDismiss }: FailedProps) {
  return (
    <div className={`${styles.strip} ${styles.failed}`} role="alert">
      <Icon name="micOff" />
      <p>
        <strong>{explanation.title}.</strong> {explanation.help}
      </p>
      <IconButton icon="close" label="Dismiss" onClick={onDismiss} />
      {join !== undefined && (
        <div className={styles.action}>
          <Button size="small" look="quiet" onClick={join}>
            Try again
          </Button>
        </div>
      )}
    </div>
  )
}

/** Tells a screen reader who comes and goes. */
function Announcer({ names, me }: { readonly names: readonly string[]; readonly me: string }) {
  const region = useRef<HTMLParagraphElement>(null)
  const before = useRef(names)
  useEffect(() => {
    const came = names.filter((name) => name !== me && !before.current.includes(name))
    const went = before.current.filter((name) => name !== me && !names.includes(name))
    before.current = names
    const news = [...came.map((name) => `${name} joined voice.`), ...went.map((name) => `${name} left voice.`)]
    if (news.length > 0 && region.current !== null) region.current.textContent = news.join(' ')
  }, [names, me])
  return <p ref={region} className="visually-hidden" role="status" />
}
