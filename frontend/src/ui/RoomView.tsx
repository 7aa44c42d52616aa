/** A room from the inside: its head, the conversation, the line to write on, its people. */

import { type ReactNode, useState } from 'react'
import { type RoomModel, roomModel } from '../state/roomModel'
import type { MemberRoom } from '../state/rooms'
import type { SessionState } from '../state/roomStore'
import type { Session } from '../state/session'
import { voiceModel } from '../state/voiceModel'
import { Avatar } from './Avatar'
import { Button, IconButton } from './Button'
import { Composer } from './Composer'
import { Drawer } from './Drawer'
import { InviteBox } from './InviteBox'
import { MessageList } from './MessageList'
import { type MenuButton, PaneHeader } from './PaneHeader'
import { PeoplePanel } from './PeoplePanel'
import styles from './RoomView.module.css'
import { useMediaQuery } from './useMediaQuery'
import { useObservable } from './useObservable'
import { VoiceButton } from './voice/VoiceButton'
import { VoiceDock } from './voice/VoiceDock'
import { count, failure } from './words'

interface RoomViewProps {
  readonly session: Session
  readonly state: SessionState
  readonly room: MemberRoom
  readonly link: string
  readonly bar: ReactNode
  readonly menu: MenuButton | undefined
  /** Unsent text by room, kept while rooms are switched. */
  readonly drafts: Map<string, string>
  /** `undefined` where nobody has said; a wide page shows them. */
  readonly arePeopleShown: boolean | undefined
  readonly onShowPeople: (areShown: boolean) => void
  readonly onLeft: () => void
}

function TroubleBar({ trouble: { code, message, retry } }: { readonly trouble: NonNullable<RoomModel['trouble']> }) {
  return (
    <p className={styles.trouble} role="alert">
      This room could not be loaded whole: {failure(code, message)}{' '}
      <Button size="small" look="quiet" onClick={retry}>
        Try again
      </Button>
    </p>
  )
}

/** Wide enough for a third column. */
const WIDE = '(min-width: 1120px)'

export function RoomView({ session, state, room, link, bar, menu, drafts, arePeopleShown: areWanted, onShowPeople: showPeople, onLeft }: RoomViewProps) {
  const model = roomModel(session, state, room, useObservable(session.outbox))
  const voice = voiceModel(session, useObservable(session.voice.state), room)
  const isWide = useMediaQuery(WIDE)
  const arePeopleShown = areWanted ?? isWide
  const [isInviting, setInviting] = useState(false)
  const online = model.people.filter((person) => person.online).length
  const people = <PeoplePanel model={model} onLeft={onLeft} onClose={() => showPeople(false)} />
  return (
    <div className={isWide && arePeopleShown ? `${styles.room} ${styles.withPeople}` : styles.room}>
      <section className={styles.talk} aria-label={model.roomName}>
        <div className={styles.head}>
          <PaneHeader menu={menu}>
            <Avatar name={model.roomName} shape="room" />
            <div className={styles.title}>
              <h1>
                <bdi>{model.roomName}</bdi>
              </h1>
              <p>{model.people.length > 0 && `${count(model.people.length, 'person', 'people')}, ${online} online`}</p>
            </div>
            <VoiceButton model={voice} />
            <IconButton icon="invite" label="Invite people" onClick={() => setInviting(true)} />
            <IconButton
              icon="people"
              label="People"
              badge={model.decide === undefined ? 0 : model.askers.length}
              aria-pressed={arePeopleShown}
              onClick={() => showPeople(!arePeopleShown)}
            />
          </PaneHeader>
        </div>
        <div className={styles.bar}>
          {bar}
          {model.trouble !== undefined && <TroubleBar trouble={model.trouble} />}
        </div>
        <VoiceDock session={session} me={model.me} room={room} model={voice} />
        <MessageList model={model} empty={<InviteBox link={link} roomId={model.roomId} title="Nobody has said anything yet" />} />
        <Composer
          roomName={model.roomName}
          maxBytes={model.messageBytes}
          draft={drafts.get(model.roomId) ?? ''}
          onDraft={(text) => drafts.set(model.roomId, text)}
          onSend={model.send}
        />
      </section>
      {isWide && arePeopleShown && people}
      {!isWide && arePeopleShown && (
        <Drawer side="right" label="People" onClose={() => showPeople(false)}>
          {people}
        </Drawer>
      )}
      {isInviting && (
        <Drawer side="middle" label="Invite people" onClose={() => setInviting(false)}>
          <div className={styles.invite}>
            <IconButton icon="close" label="Close" onClick={() => setInviting(false)} />
            <InviteBox link={link} roomId={model.roomId} title={`Invite people to ${model.roomName}`} />
          </div>
        </Drawer>
      )}
    </div>
  )
}
