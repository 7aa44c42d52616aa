/** The rooms with their news, and oneself. */

import { useState } from 'react'
import type { MemberRoom, Room } from '../state/rooms'
import { unreadCount } from '../state/rooms'
import { formatRoute } from '../state/route'
import type { SessionState } from '../state/roomStore'
import type { ConnectionState } from '../transport/connection'
import { Avatar } from './Avatar'
import { Button, IconButton } from './Button'
import { Icon } from './Icon'
import { Mark } from './Screens'
import styles from './Sidebar.module.css'
import type { Theme } from './theme'
import { ThemeToggle } from './ThemeToggle'
import { count, shortTime } from './words'

interface SidebarProps {
  readonly state: SessionState
  readonly stage: string
  readonly connection: ConnectionState
  readonly openRoomId: string | undefined
  readonly theme: Theme
  readonly onOpen: (roomId: string | undefined) => void
  /** Where the sidebar is a drawer. */
  readonly onClose: (() => void) | undefined
  readonly onSignOut: (after: 'keep' | 'forget') => void
}

export function Sidebar({ state, stage, connection, openRoomId, theme, onOpen, onClose, onSignOut }: SidebarProps) {
  const rooms = [...state.rooms.values()].toSorted((left, right) => activity(right) - activity(left))
  return (
    <nav className={styles.sidebar} aria-label="Rooms">
      <div className={styles.top}>
        <span className={styles.brand}>
          <Mark />
          chatctl
          {stage !== 'prod' && <span className={styles.stage}>{stage}</span>}
        </span>
        <ThemeToggle theme={theme} />
        {onClose !== undefined && <IconButton icon="close" label="Close" onClick={onClose} />}
      </div>
      <div className={styles.new}>
        <Button look="quiet" onClick={() => onOpen(undefined)} aria-current={openRoomId === undefined ? 'page' : undefined}>
          <Icon name="plus" size={18} />
          New or join
        </Button>
      </div>
      {rooms.length === 0 ? (
        <p className={styles.none}>Rooms you open or join will be listed here.</p>
      ) : (
        <ul className={styles.rooms}>
          {rooms.map((room) => (
            <RoomItem key={room.roomId} room={room} me={state.me} isOpen={room.roomId === openRoomId} onOpen={onOpen} />
          ))}
        </ul>
      )}
      <Me me={state.me} connection={connection} onSignOut={onSignOut} />
    </nav>
  )
}

/** New rooms, and those that wait for an answer, come first. */
function activity(room: Room): number {
  return room.kind === 'member' ? (room.messages.at(-1)?.timestamp ?? Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER
}

interface RoomItemProps {
  readonly room: Room
  readonly me: string
  readonly isOpen: boolean
  readonly onOpen: (roomId: string) => void
}

function RoomItem({ room, me, isOpen, onOpen }: RoomItemProps) {
  const name = 'roomName' in room ? room.roomName : room.roomId
  const unread = room.kind === 'member' ? unreadCount(room, me) : 0
  const askers = room.kind === 'member' && room.isAdmin ? room.participants.filter(({ status }) => status === 'pending').length : 0
  const talking = room.kind === 'member' ? room.voice.people.length : 0
  const last = room.kind === 'member' ? room.messages.at(-1) : undefined
  return (
    <li>
      <a
        className={styles.room}
        href={formatRoute({ kind: 'room', roomId: room.roomId })}
        aria-current={isOpen ? 'page' : undefined}
        onClick={(event) => {
          event.preventDefault()
          onOpen(room.roomId)
        }}
      >
        <Avatar name={name} shape="room" />
        <span className={styles.name}>{name}</span>
        <span className={styles.time}>{last !== undefined && shortTime(last.timestamp)}</span>
        <span className={styles.second}>
          <span className={styles.preview}>{preview(room, me)}</span>
          {talking > 0 && (
            <span className={styles.talking}>
              <Icon name="headset" size={13} />
              {talking}
              <span className="visually-hidden"> in voice</span>
            </span>
          )}
          {askers > 0 && (
            <span className={styles.askers}>
              <Icon name="key" size={12} />
              {askers}
              <span className="visually-hidden"> {askers === 1 ? 'request' : 'requests'} to join</span>
            </span>
          )}
          {unread > 0 && (
            <span className={styles.unread}>
              {unread > 99 ? '99+' : unread}
              <span className="visually-hidden"> unread</span>
            </span>
          )}
        </span>
      </a>
    </li>
  )
}

function preview(room: Room, me: string): string {
  switch (room.kind) {
    case 'asking':
      return 'Waiting to be let in'
    case 'rejected':
      return 'Request declined'
    case 'gone':
      return 'No longer a member'
    case 'member':
      return lastWords(room, me)
  }
}

function lastWords(room: MemberRoom, me: string): string {
  const last = room.messages.at(-1)
  if (last === undefined) return count(room.participants.filter(({ status }) => status === 'approved').length || 1, 'person', 'people')
  return `${last.userId === me ? 'You' : last.userId}: ${last.message}`
}

interface MeProps {
  readonly me: string
  readonly connection: ConnectionState
  readonly onSignOut: (after: 'keep' | 'forget') => void
}

const LINE = {
  online: 'Online',
  connecting: 'Connecting…',
  reconnecting: 'Reconnecting…',
  offline: 'Offline',
  refused: 'Refused',
  displaced: 'Open elsewhere',
  stopped: 'Signed out',
} as const satisfies Record<ConnectionState['kind'], string>

function Me({ me, connection, onSignOut }: MeProps) {
  const [isLeaving, setLeaving] = useState(false)
  return (
    <div className={styles.me}>
      <Avatar name={me} shape="person" online={connection.kind === 'online'} />
      <span className={styles.name}>{me}</span>
      <span className={styles.line} data-testid="connection">
        {LINE[connection.kind]}
      </span>
      <IconButton icon="out" label="Sign out" aria-expanded={isLeaving} onClick={() => setLeaving(!isLeaving)} />
      {isLeaving && (
        <div className={styles.leaving}>
          <Button look="quiet" size="small" onClick={() => onSignOut('keep')}>
            Sign out, keep my rooms
          </Button>
          <Button look="danger" size="small" onClick={() => onSignOut('forget')}>
            Forget me on this device
          </Button>
        </div>
      )}
    </div>
  )
}
