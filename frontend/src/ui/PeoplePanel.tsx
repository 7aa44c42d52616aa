/** Who is in the room, who asks to be, and the way out. */

import { type ReactNode, useRef, useState } from 'react'
import type { RoomModel } from '../state/roomModel'
import type { Decision } from '../state/session'
import type { Participant } from '../transport/protocol.gen'
import { Avatar } from './Avatar'
import { Button, IconButton } from './Button'
import styles from './PeoplePanel.module.css'

interface PeoplePanelProps {
  readonly model: RoomModel
  readonly onLeft: () => void
  readonly onClose: () => void
}

export function PeoplePanel({ model, onLeft, onClose }: PeoplePanelProps) {
  const { people, askers, decide, me } = model
  const heading = useRef<HTMLHeadingElement>(null)
  const answer = (userId: string, decision: Decision): void => {
    decide?.(userId, decision)
    // The button that was pressed goes away with its row.
    heading.current?.focus()
  }
  return (
    <aside className={styles.panel} aria-label="People">
      <div className={styles.top}>
        <h2 ref={heading} tabIndex={-1}>
          People
        </h2>
        <IconButton icon="close" label="Close people" onClick={onClose} />
      </div>
      <div className={styles.scroll}>
        {askers.length > 0 && (
          <>
            <h3>Asking to join</h3>
            <ul className={styles.list} aria-label="Asking to join">
              {askers.map((person) => (
                <Person key={person.userId} person={person} me={me} tag={decide === undefined ? 'Pending' : undefined}>
                  {decide !== undefined && (
                    <div className={styles.answers}>
                      <Button size="small" onClick={() => answer(person.userId, 'approve')} aria-label={`Let ${person.userId} in`}>
                        Let in
                      </Button>
                      <Button size="small" look="quiet" onClick={() => answer(person.userId, 'reject')} aria-label={`Decline ${person.userId}`}>
                        Decline
                      </Button>
                    </div>
                  )}
                </Person>
              ))}
            </ul>
          </>
        )}
        <h3>In this room</h3>
        <ul className={styles.list} aria-label="In this room">
          {people.map((person) => (
            <Person key={person.userId} person={person} me={me} tag={person.isAdmin ? 'Admin' : undefined} />
          ))}
        </ul>
      </div>
      <LeaveRoom model={model} onLeft={onLeft} />
    </aside>
  )
}

interface PersonProps {
  readonly person: Participant
  readonly me: string
  readonly tag: string | undefined
  readonly children?: ReactNode
}

function Person({ person, me, tag, children }: PersonProps) {
  const { userId, online, status } = person
  // Of those who only ask nobody knows whether they are there.
  const isMember = status === 'approved'
  const presence = isMember ? (online ? 'Online' : 'Offline') : 'Asks to join'
  return (
    <li className={styles.person}>
      <Avatar name={userId} shape="person" size="small" online={isMember ? online : undefined} />
      <span className={styles.name}>
        {userId}
      </span>
      {tag !== undefined && <span className={tag === 'Admin' ? `${styles.tag} ${styles.admin}` : styles.tag}>{tag}</span>}
      <span className={styles.presence}>
        {userId === me && 'You · '}
        {presence}
      </span>
      {children}
    </li>
  )
}

interface LeaveRoomProps {
  readonly model: RoomModel
  readonly onLeft: () => void
}

function LeaveRoom({ model, onLeft }: LeaveRoomProps) {
  const [isAsking, setAsking] = useState(false)
  const leave = async (): Promise<void> => {
    if (await model.leave()) onLeft()
    else setAsking(false)
  }
  return (
    <div className={styles.leave}>
      {isAsking ? (
        <>
          <p>
            Leave <bdi>{model.roomName}</bdi>?{' '}
            {model.isLast ? 'You are the last one here: the room and its messages go with you.' : 'To come back you will have to ask again.'}
          </p>
          <div className={styles.answers}>
            <Button size="small" look="danger" onClick={() => void leave()}>
              Leave
            </Button>
            <Button size="small" look="quiet" onClick={() => setAsking(false)}>
              Stay
            </Button>
          </div>
        </>
      ) : (
        <Button look="quiet" size="small" onClick={() => setAsking(true)}>
          Leave room
        </Button>
      )}
    </div>
  )
}
