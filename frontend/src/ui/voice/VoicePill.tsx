/** The call while another room is before the person's eyes: where it is, the microphone, the way out. */

import type { Session } from '../../state/session'
import type { Call } from '../../voice/call'
import { IconButton } from '../Button'
import { Icon } from '../Icon'
import { useObservable } from '../useObservable'
import styles from './VoicePill.module.css'

interface VoicePillProps {
  readonly session: Session
  readonly openRoomId: string | undefined
  readonly onOpen: (roomId: string) => void
}

export function VoicePill({ session, openRoomId, onOpen }: VoicePillProps) {
  const state = useObservable(session.voice.state)
  const { rooms } = useObservable(session.state)
  if (state.kind !== 'on' || state.roomId === openRoomId) return null
  const { roomId, call } = state
  const room = rooms.get(roomId)
  return (
    <section className={styles.pill} aria-label="Your call">
      <button type="button" className={styles.where} onClick={() => onOpen(roomId)}>
        <Icon name="headset" size={18} />
        <span>
          In voice: <bdi>{room !== undefined && 'roomName' in room ? room.roomName : roomId}</bdi>
        </span>
      </button>
      <Mute call={call} />
      <IconButton icon="hangUp" label="Leave voice" onClick={() => session.voice.leave()} />
    </section>
  )
}

function Mute({ call }: { readonly call: Call }) {
  const { isMuted } = useObservable(call.state)
  return <IconButton icon={isMuted ? 'micOff' : 'mic'} label={isMuted ? 'Turn microphone on' : 'Turn microphone off'} onClick={() => call.setMuted(!isMuted)} />
}
