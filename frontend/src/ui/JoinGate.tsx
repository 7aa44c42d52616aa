/** Before a room's door: asking, waiting, turned away, no longer a member. */

import { type ReactNode, useState } from 'react'
import type { Room } from '../state/rooms'
import type { Session } from '../state/session'
import { asRequestError } from '../transport/errors'
import { Button } from './Button'
import { Icon, type IconName } from './Icon'
import styles from './JoinGate.module.css'
import { type MenuButton, PaneHeader } from './PaneHeader'
import { failure } from './words'

type Outside = Exclude<Room, { kind: 'member' }>

interface JoinGateProps {
  readonly session: Session
  readonly roomId: string
  /** `undefined` before anything was asked. */
  readonly room: Outside | undefined
  readonly bar: ReactNode
  readonly menu: MenuButton | undefined
  readonly onClose: () => void
}

interface Words {
  readonly icon: IconName
  readonly title: string
  readonly text: string
  /** What the button to ask says, where asking is of use. */
  readonly ask: string | undefined
}

export function JoinGate({ session, roomId, room, bar, menu, onClose }: JoinGateProps) {
  const [fault, setFault] = useState<string | undefined>(undefined)
  const [isBusy, setBusy] = useState(false)
  const { icon, title, text, ask } = words(room)
  const request = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      await session.askToJoin(roomId)
    } catch (thrown) {
      const { code, message } = asRequestError(thrown)
      setFault(code === 'notFound' ? 'There is no room with this id. Check it with whoever gave it to you.' : `Not asked: ${failure(code, message)}`)
    }
    setBusy(false)
  }
  return (
    <div className={styles.gate}>
      <PaneHeader menu={menu} />
      <div className={styles.bar}>{bar}</div>
      <div className={styles.body}>
        <span className={room?.kind === 'asking' ? `${styles.icon} ${styles.waiting}` : styles.icon}>
          <Icon name={icon} size={30} />
        </span>
        <div role="status" className={styles.words}>
          <h1>{title}</h1>
          <p>{text}</p>
        </div>
        <code className={styles.id}>{roomId}</code>
        {fault !== undefined && (
          <p className={styles.fault} role="alert">
            {fault}
          </p>
        )}
        <div className={styles.actions}>
          {ask !== undefined && (
            <Button look={room?.kind === 'asking' ? 'quiet' : 'filled'} disabled={isBusy} onClick={() => void request()}>
              {isBusy ? 'Asking…' : ask}
            </Button>
          )}
          <Button
            look="quiet"
            onClick={() => {
              session.forgetRoom(roomId)
              onClose()
            }}
          >
            {room === undefined ? 'Not now' : 'Take off my list'}
          </Button>
        </div>
      </div>
    </div>
  )
}

function words(room: Outside | undefined): Words {
  switch (room?.kind) {
    case undefined:
      return {
        icon: 'key',
        title: 'Ask to join this room',
        text: 'Its admin sees your name and lets you in. Until then you see nothing of what is said inside.',
        ask: 'Ask to join',
      }
    case 'asking':
      return {
        icon: 'clock',
        title: 'Waiting to be let in',
        text: 'The admin has your request. The room opens here by itself as soon as they say yes.',
        ask: 'Ask again',
      }
    case 'rejected':
      return {
        icon: 'door',
        title: 'Your request was declined',
        text: 'The admin did not let you in. You may ask again if you think that was a mistake.',
        ask: 'Ask again',
      }
    case 'gone':
      if (room.hasEnded) {
        return {
          icon: 'door',
          title: `${room.roomName} has ended`,
          text: 'Its last member has left, and its messages went with it.',
          ask: undefined,
        }
      }
      return {
        icon: 'door',
        title: `You are no longer in ${room.roomName}`,
        text: 'You cannot read or write here any more. You may ask to come back.',
        ask: 'Ask to join again',
      }
  }
}
