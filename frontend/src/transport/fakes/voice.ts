/** Voice's part of the server in memory: a mesh without limits. */

import type { ServerMessage, VoiceEvent, VoiceSignal } from '../protocol.gen'
import type { FakeRoom } from './room'

type Frame = Extract<ServerMessage, { action: 'voiceSignal' }>

/** What the sender gets; what the others get goes through `push`. */
export function answerVoice(room: FakeRoom, signal: VoiceSignal, from: string, push: (userId: string, frame: Frame) => void): ServerMessage {
  const { roomId } = room
  const tell = (event: VoiceEvent): Frame => {
    const frame: Frame = { action: 'voiceSignal', ...event }
    for (const member of room.members) if (member !== from) push(member, frame)
    return frame
  }
  const relay = (event: VoiceEvent): ServerMessage => {
    if (!room.voice.has(from)) return { action: 'error', code: 'forbidden', message: 'only those who take part may do this' }
    if (!room.voice.has(signal.to ?? '')) return { action: 'error', code: 'notFound', message: 'nobody of that name takes part' }
    push(signal.to ?? '', { action: 'voiceSignal', ...event })
    return { action: 'voiceSignal', ...event }
  }
  switch (signal.type) {
    case 'voice:join': {
      const participants = [...room.voice].filter(([userId]) => userId !== from).map(([userId, muted]) => ({ userId, muted }))
      if (!room.voice.has(from)) tell({ type: 'voice:peer_joined', roomId, from, muted: false })
      room.voice.set(from, false)
      return { action: 'voiceSignal', type: 'voice:existing_participants', roomId, participants, topology: 'mesh', iceServers: [{ urls: ['stun:192.0.2.1'] }], ...(room.iceExpiresAt === undefined ? {} : { iceExpiresAt: room.iceExpiresAt }) }
    }
    case 'voice:leave':
      room.voice.delete(from)
      return tell({ type: 'voice:peer_left', roomId, from, reason: 'left' })
    case 'voice:mute':
      room.voice.set(signal.to ?? from, signal.muted === true)
      return tell({ type: 'voice:mute', roomId, from, muted: signal.muted === true, ...(signal.to === undefined ? {} : { to: signal.to }) })
    case 'voice:enable':
    case 'voice:disable':
      room.voice.clear()
      return tell({ type: signal.type, roomId, from })
    case 'voice:offer':
    case 'voice:answer':
      return relay({ type: signal.type, roomId, from, sdp: signal.sdp ?? '' })
    case 'voice:ice_candidate':
      return relay({ type: signal.type, roomId, from, candidate: signal.candidate ?? null })
  }
}
