/** What the server says unasked, applied to the rooms. Pure. */

import type { Participant, ServerMessage, VoiceEvent } from '../transport/protocol.gen'
import { signalOf } from '../voice/line'
import { changeMember, gone, isAlone, type MemberRoom, type Rooms, withMessages, withoutParticipant, withParticipant, withRoom } from './rooms'
import { withSignal } from './roomVoice'

export function applyPush(rooms: Rooms, push: ServerMessage, me: string): Rooms {
  switch (push.action) {
    case 'message':
      return changeMember(rooms, push.roomId, (room) => withMessages(room, [push]))
    case 'joinRequest':
      return changeMember(rooms, push.roomId, (room) =>
        withParticipant(room, { ...known(room, push.userId), status: 'pending', online: false }),
      )
    case 'memberJoined':
      return changeMember(rooms, push.roomId, (room) =>
        withParticipant(room, { ...known(room, push.userId), status: 'approved' }),
      )
    case 'memberLeft':
      return changeMember(rooms, push.roomId, (room) =>
        push.userId === me ? gone(room, isAlone(room, me)) : withoutParticipant(room, push.userId),
      )
    case 'presence':
      return changeMember(rooms, push.roomId, (room) => withPresence(room, push.userId, push.online))
    case 'joinResponse':
      return push.status === 'rejected' && rooms.get(push.roomId)?.kind !== 'member'
        ? withRoom(rooms, { kind: 'rejected', roomId: push.roomId })
        : rooms
    case 'voiceSignal':
      return changeMember(rooms, push.roomId, (room) => withVoice(room, push))
    case 'welcome':
    case 'roomCreated':
    case 'messageAck':
    case 'roomMembers':
    case 'history':
    case 'roomLeft':
    case 'voiceRoomCreated':
    case 'voiceRoomAvailable':
    case 'voiceCredentials':
    case 'voiceRoomEnded':
    case 'pong':
    case 'error':
      return rooms
  }
}

/** The participant as known, or a newcomer. Of those who ask nobody knows whether they are there. */
function known(room: MemberRoom, userId: string): Participant {
  const held = room.participants.find((participant) => participant.userId === userId)
  return held ?? { userId, status: 'approved', isAdmin: false, online: true }
}

function withPresence(room: MemberRoom, userId: string, online: boolean): MemberRoom {
  const held = room.participants.find((participant) => participant.userId === userId)
  return held === undefined || held.online === online ? room : withParticipant(room, { ...held, online })
}

function withVoice(room: MemberRoom, event: VoiceEvent): MemberRoom {
  const signal = signalOf(event)
  const voice = signal === undefined ? room.voice : withSignal(room.voice, signal)
  return voice === room.voice ? room : { ...room, voice }
}
