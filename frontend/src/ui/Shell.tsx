/** The chat's frame: rooms at the left, the open one in the middle, its people at the right; on a phone one pane with drawers. */

import { useEffect, useState } from 'react'
import type { App } from '../state/app'
import { unreadCount } from '../state/rooms'
import type { Session } from '../state/session'
import { ConnectionBar } from './ConnectionBar'
import { Drawer } from './Drawer'
import { Home } from './Home'
import { JoinGate } from './JoinGate'
import { Notices } from './Notices'
import { RoomView } from './RoomView'
import styles from './Shell.module.css'
import { Sidebar } from './Sidebar'
import type { Theme } from './theme'
import { useMediaQuery } from './useMediaQuery'
import { useObservable } from './useObservable'
import { VoicePill } from './voice/VoicePill'

interface ShellProps {
  readonly app: App
  readonly session: Session
  readonly stage: string
  readonly theme: Theme
}

export const NARROW = '(max-width: 760px)'

export function Shell({ app, session, stage, theme }: ShellProps) {
  const { router } = app
  const route = useObservable(router.route)
  const state = useObservable(session.state)
  const connection = useObservable(session.connection)
  const isNarrow = useMediaQuery(NARROW)
  const [isMenuOpen, setMenuOpen] = useState(false)
  const [drafts] = useState(() => new Map<string, string>())
  // As wide as the page is, until somebody opens or closes the list.
  const [arePeopleShown, showPeople] = useState<boolean | undefined>(undefined)
  const openRoomId = route.kind === 'room' ? route.roomId : undefined
  const room = openRoomId === undefined ? undefined : state.rooms.get(openRoomId)
  const unread = [...state.rooms.values()].reduce(
    (sum, each) => sum + (each.kind === 'member' ? unreadCount(each, state.me) : 0),
    0,
  )
  useAttention(session, openRoomId)
  useWake(session)
  useTitle(room !== undefined && 'roomName' in room ? room.roomName : undefined, unread)

  const closeMenu = (): void => setMenuOpen(false)
  const openMenu = isNarrow ? { open: () => setMenuOpen(true), unread } : undefined
  const go = (roomId: string | undefined): void => {
    router.go(roomId === undefined ? { kind: 'home' } : { kind: 'room', roomId })
    showPeople(undefined)
    closeMenu()
  }
  const goToPeople = (roomId: string): void => {
    go(roomId)
    showPeople(true)
  }
  const sidebar = (
    <Sidebar
      state={state}
      stage={stage}
      connection={connection}
      openRoomId={openRoomId}
      theme={theme}
      onOpen={go}
      onClose={isNarrow ? closeMenu : undefined}
      onSignOut={(after) => app.signOut(after)}
    />
  )
  const bar = (
    <>
      <ConnectionBar state={connection} onRetry={() => session.retryNow()} />
      <VoicePill session={session} openRoomId={openRoomId} onOpen={go} />
    </>
  )
  return (
    <div className={styles.shell}>
      <button type="button" className={styles.skip} onClick={() => document.getElementById('main')?.focus()}>
        Skip to the conversation
      </button>
      {!isNarrow && sidebar}
      {isNarrow && isMenuOpen && (
        <Drawer side="left" label="Rooms" onClose={closeMenu}>
          {sidebar}
        </Drawer>
      )}
      <main id="main" tabIndex={-1} className={styles.main}>
        {openRoomId === undefined && (
          <Home session={session} me={state.me} limits={state.limits} lost={route.kind === 'lost' ? route.text : undefined} bar={bar} menu={openMenu} onOpen={go} />
        )}
        {openRoomId !== undefined && room?.kind === 'member' && (
          <RoomView
            key={openRoomId}
            session={session}
            state={state}
            room={room}
            link={router.linkTo(openRoomId)}
            bar={bar}
            menu={openMenu}
            drafts={drafts}
            arePeopleShown={arePeopleShown}
            onShowPeople={showPeople}
            onLeft={() => go(undefined)}
          />
        )}
        {openRoomId !== undefined && room?.kind !== 'member' && (
          <JoinGate key={openRoomId} session={session} roomId={openRoomId} room={room} bar={bar} menu={openMenu} onClose={() => go(undefined)} />
        )}
      </main>
      <Notices session={session} onOpen={go} onOpenPeople={goToPeople} />
    </div>
  )
}

/** The open room counts as read while the page is visible. */
function useAttention(session: Session, roomId: string | undefined): void {
  useEffect(() => {
    const attend = (): void => session.attend(document.visibilityState === 'visible' ? roomId : undefined)
    attend()
    document.addEventListener('visibilitychange', attend)
    return () => {
      document.removeEventListener('visibilitychange', attend)
      session.attend(undefined)
    }
  }, [session, roomId])
}

function useWake(session: Session): void {
  useEffect(() => {
    const wake = (): void => {
      if (document.visibilityState === 'visible') session.wake()
    }
    document.addEventListener('visibilitychange', wake)
    return () => document.removeEventListener('visibilitychange', wake)
  }, [session])
}

function useTitle(roomName: string | undefined, unread: number): void {
  useEffect(() => {
    const title = roomName === undefined ? 'chatctl' : `${roomName} · chatctl`
    document.title = unread === 0 ? title : `(${unread}) ${title}`
  }, [roomName, unread])
}
