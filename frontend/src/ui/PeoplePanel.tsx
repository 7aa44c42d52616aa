/** Who is in the room, who asks to be, and the way out. */

import { type ReactNode, useState } from 'react'
import type { RoomModel } from '../state/roomModel'
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
  return (
    <aside className={styles.panel} aria-label="People">
      <div className={styles.top}>
        <h2>People</h2>
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
                      <Button size="small" onClick={() => decide(person.userId, 'approve')} aria-label={`Let ${person.userId} in`}>
                        Let in
                      </Button>
                      <Button size="small" look="quiet" onClick={() => decide(person.userId, 'reject')} aria-label={`Decline ${person.userId}`}>
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
  const { userId, online } = person
  return (
    <li className={styles.person}>
      <Avatar name={userId} shape="person" size="small" online={online} />
      <span className={styles.name}>
        {userId}
      </span>
      {tag !== undefined && <span className={tag === 'Admin' ? `${styles.tag} ${styles.admin}` : styles.tag}>{tag}</span>}
      <span className={styles.presence}>
        {userId === me && 'You · '}
        {online ? 'Online' : 'Offline'}
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
          <p>Leave {model.roomName}? To come back you will have to ask again.</p>
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
