/** A call that runs: everybody's face, what is wrong with the connections, and the buttons. */

import { useState } from 'react'
import type { MemberRoom } from '../../state/rooms'
import type { Session } from '../../state/session'
import { type CallParts, type Talker, talkers, type VoiceModel } from '../../state/voiceModel'
import type { Call } from '../../voice/call'
import { Button, IconButton } from '../Button'
import { Drawer } from '../Drawer'
import { Icon } from '../Icon'
import { useObservable } from '../useObservable'
import { CallControls } from './CallControls'
import styles from './CallPanel.module.css'
import { TalkerDetails, TalkerTile } from './TalkerTile'
import { VoiceSettings } from './VoiceSettings'
import { linkFault, qualityWarning, strangersWarning } from './voiceWords'

interface CallPanelProps {
  readonly session: Session
  readonly me: string
  readonly room: MemberRoom
  readonly model: VoiceModel
  readonly call: Call
}

export function CallPanel({ session, me, room, model, call }: CallPanelProps) {
  const parts = useParts(session, call)
  const [chosen, choose] = useState<string | undefined>(undefined)
  const [dialog, open] = useState<'settings' | 'end' | undefined>(undefined)
  const people = talkers(session, me, room, parts)
  const details = people.find(({ userId, isMe }) => userId === chosen && !isMe)
  const close = (): void => open(undefined)
  return (
    <div className={styles.panel}>
      <ul className={styles.people} aria-label="In voice">
        {people.map((talker) => (
          <TalkerTile
            key={talker.userId}
            talker={talker}
            speaking={call.speaking}
            isChosen={talker.userId === chosen}
            onChoose={() => choose(talker.userId === chosen ? undefined : talker.userId)}
          />
        ))}
      </ul>
      <CallControls call={call} state={parts.state} preferences={parts.preferences} model={model} onSettings={() => open('settings')} onEnd={() => open('end')} />
      {details !== undefined && <TalkerDetails key={details.userId} talker={details} onClose={() => choose(undefined)} />}
      <Warnings people={people} parts={parts} onRetry={() => call.retry()} />
      {dialog === 'settings' && <VoiceSettings session={session} call={call} preferences={parts.preferences} onClose={close} />}
      {dialog === 'end' && <EndDialog model={model} onClose={close} />}
    </div>
  )
}

function useParts(session: Session, call: Call): CallParts {
  return {
    call,
    state: useObservable(call.state),
    links: useObservable(call.links),
    strangers: useObservable(call.strangers),
    quality: useObservable(call.quality),
    preferences: useObservable(session.voice.preferences.value),
  }
}

interface WarningsProps {
  readonly people: readonly Talker[]
  readonly parts: CallParts
  readonly onRetry: () => void
}

function Warnings({ people, parts: { state, links, strangers }, onRetry }: WarningsProps) {
  const of = (fault: 'noPath' | 'relayRefused'): string[] =>
    people.filter(({ link }) => link?.kind === 'failed' && link.fault === fault).map(({ userId }) => userId)
  const poor = people.filter(({ quality, link }) => quality?.verdict === 'poor' && link?.kind === 'connected').map(({ userId }) => userId)
  const failed = (['relayRefused', 'noPath'] as const).map((fault) => ({ fault, names: of(fault) })).filter(({ names }) => names.length > 0)
  return (
    <>
      {failed.map(({ fault, names }) => (
        <p key={fault} className={`${styles.warning} ${styles.failed}`} role="alert">
          <Icon name="alert" />
          <span>{linkFault(fault, names)}</span>
          <Button size="small" look="quiet" onClick={onRetry}>
            Try again
          </Button>
        </p>
      ))}
      <div role="status">
        {state.line !== 'up' && <p className={styles.warning}>The chat is reconnecting. Those you hear now you go on hearing.</p>}
        {state.mutedBy !== undefined && <p className={styles.warning}>{state.mutedBy} muted you. Turn your microphone on when you want to speak.</p>}
        {state.isMicrophoneLost && <p className={styles.warning}>That microphone could not be opened. Choose another one in the voice settings.</p>}
        {strangers > 0 && <p className={styles.warning}>{strangersWarning(strangers)}</p>}
        {poor.length > 0 && <p className={styles.warning}>{qualityWarning(poor, poor.length > 1 && poor.length === links.size)}</p>}
      </div>
    </>
  )
}

/** What an admin can do to everybody is asked about first. */
function EndDialog({ model, onClose }: { readonly model: VoiceModel; readonly onClose: () => void }) {
  const act = (action: () => void) => () => {
    action()
    onClose()
  }
  return (
    <Drawer side="middle" label="End voice" onClose={onClose}>
      <div className={styles.dialog}>
        <div className={styles.head}>
          <h2>End voice for everybody?</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </div>
        <p>
          All who talk in <bdi>{model.roomName}</bdi> are disconnected. Switched off, voice can be joined again only after an admin allows it.
        </p>
        <div className={styles.answers}>
          {model.end !== undefined && (
            <Button look="danger" onClick={act(model.end)}>
              End voice
            </Button>
          )}
          {model.switchOff !== undefined && (
            <Button look="danger" onClick={act(model.switchOff)}>
              Switch voice off
            </Button>
          )}
          <Button look="quiet" onClick={onClose}>
            Keep talking
          </Button>
        </div>
      </div>
    </Drawer>
  )
}
