/** Frames about voice, checked as `decode.ts` does. What two participants tell each other is checked by whoever takes it. */

import { boolean, list, Malformed, number, object, oneOf, optional, string } from './fields'
import { type Fields, isFields } from './json'
import type { ChannelEndpoint, ChannelProtocol, IceServer, LentCredentials, PeerLeft, ServerMessage, VoiceEvent, VoiceParticipant, VoiceRole, VoiceState, VoiceTopology, VoiceTransport } from './protocol.gen'

type Kind = VoiceEvent['type']
type StarAction = 'voiceRoomCreated' | 'voiceRoomAvailable' | 'voiceCredentials' | 'voiceRoomEnded'
type Of<K extends Kind> = Extract<VoiceEvent, { type: K }>

export function voiceEvent(f: Fields): VoiceEvent {
  return DECODERS[oneOf(f, 'type', KINDS)](f)
}

export function voiceState(f: Fields): VoiceState {
  return {
    enabled: boolean(f, 'enabled'),
    transport: oneOf(f, 'transport', TRANSPORTS),
    participants: list(f, 'participants', participant),
    voiceRoomId: optional(f, 'voiceRoomId', string),
  }
}

const KINDS = {
  'voice:existing_participants': 0,
  'voice:peer_joined': 0,
  'voice:peer_left': 0,
  'voice:offer': 0,
  'voice:answer': 0,
  'voice:ice_candidate': 0,
  'voice:mute': 0,
  'voice:enable': 0,
  'voice:disable': 0,
} satisfies Record<Kind, 0>
const REASONS = { left: 0, disconnected: 0, removed: 0, replaced: 0, ended: 0 } satisfies Record<PeerLeft, 0>
const TOPOLOGIES = { mesh: 0, star: 0 } satisfies Record<VoiceTopology, 0>
const ROLES = { MASTER: 0, VIEWER: 0 } satisfies Record<VoiceRole, 0>
const PROTOCOLS = { WSS: 0, HTTPS: 0 } satisfies Record<ChannelProtocol, 0>
const TRANSPORTS = { mesh: 0, kinesis: 0 } satisfies Record<VoiceTransport, 0>

const DECODERS: { readonly [K in Kind]: (fields: Fields) => Of<K> } = {
  'voice:existing_participants': (f) => ({
    type: 'voice:existing_participants',
    roomId: string(f, 'roomId'),
    participants: list(f, 'participants', participant),
    topology: oneOf(f, 'topology', TOPOLOGIES),
    iceServers: list(f, 'iceServers', iceServer),
    iceExpiresAt: optional(f, 'iceExpiresAt', number),
    voiceRoomId: optional(f, 'voiceRoomId', string),
  }),
  'voice:peer_joined': (f) => ({ type: 'voice:peer_joined', ...sender(f), muted: boolean(f, 'muted') }),
  'voice:peer_left': (f) => ({ type: 'voice:peer_left', ...sender(f), reason: oneOf(f, 'reason', REASONS) }),
  'voice:offer': (f) => ({ type: 'voice:offer', ...sender(f), sdp: description(f['sdp']) }),
  'voice:answer': (f) => ({ type: 'voice:answer', ...sender(f), sdp: description(f['sdp']) }),
  'voice:ice_candidate': (f) => ({ type: 'voice:ice_candidate', ...sender(f), candidate: candidate(f['candidate']) }),
  'voice:mute': (f) => ({ type: 'voice:mute', ...sender(f), to: optional(f, 'to', string), muted: boolean(f, 'muted') }),
  'voice:enable': (f) => ({ type: 'voice:enable', ...sender(f) }),
  'voice:disable': (f) => ({ type: 'voice:disable', ...sender(f) }),
}

/** Frames about a star: its opening, a place at it, its end. */
export const STAR_DECODERS: { readonly [A in StarAction]: (fields: Fields) => Extract<ServerMessage, { action: A }> } = {
  voiceRoomCreated: (f) => ({
    action: 'voiceRoomCreated',
    voiceRoomId: string(f, 'voiceRoomId'),
    masterUserId: string(f, 'masterUserId'),
  }),
  voiceRoomAvailable: (f) => ({
    action: 'voiceRoomAvailable',
    voiceRoomId: string(f, 'voiceRoomId'),
    roomId: string(f, 'roomId'),
    masterUserId: string(f, 'masterUserId'),
  }),
  voiceCredentials: (f) => ({
    action: 'voiceCredentials',
    voiceRoomId: string(f, 'voiceRoomId'),
    role: oneOf(f, 'role', ROLES),
    channelARN: string(f, 'channelARN'),
    region: string(f, 'region'),
    endpoints: list(f, 'endpoints', endpoint),
    credentials: credentials(object(f['credentials'])),
    iceServers: list(f, 'iceServers', iceServer),
    iceExpiresAt: optional(f, 'iceExpiresAt', number),
    signalingUrl: string(f, 'signalingUrl'),
    clientId: string(f, 'clientId'),
  }),
  voiceRoomEnded: (f) => ({ action: 'voiceRoomEnded', voiceRoomId: string(f, 'voiceRoomId') }),
}

function endpoint(f: Fields): ChannelEndpoint {
  return { Protocol: oneOf(f, 'Protocol', PROTOCOLS), ResourceEndpoint: string(f, 'ResourceEndpoint') }
}

function credentials(f: Fields): LentCredentials {
  return {
    accessKeyId: string(f, 'accessKeyId'),
    secretAccessKey: string(f, 'secretAccessKey'),
    sessionToken: string(f, 'sessionToken'),
    expiration: string(f, 'expiration'),
  }
}

function sender(f: Fields): { roomId: string; from: string } {
  return { roomId: string(f, 'roomId'), from: string(f, 'from') }
}

function participant(f: Fields): VoiceParticipant {
  return { userId: string(f, 'userId'), muted: boolean(f, 'muted'), clientId: optional(f, 'clientId', string) }
}

function iceServer(f: Fields): IceServer {
  const urls = f['urls']
  if (!Array.isArray(urls) || !urls.every((url) => typeof url === 'string')) throw new Malformed()
  return { urls, username: optional(f, 'username', string), credential: optional(f, 'credential', string) }
}

function description(value: unknown): Of<'voice:offer'>['sdp'] {
  if (typeof value === 'string') return value
  if (!isFields(value)) throw new Malformed()
  return { type: string(value, 'type'), sdp: string(value, 'sdp') }
}

function candidate(value: unknown): Of<'voice:ice_candidate'>['candidate'] {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  if (!isFields(value)) throw new Malformed()
  return {
    candidate: optional(value, 'candidate', string),
    sdpMid: optional(value, 'sdpMid', string),
    sdpMLineIndex: optional(value, 'sdpMLineIndex', number),
    usernameFragment: optional(value, 'usernameFragment', string),
  }
}
