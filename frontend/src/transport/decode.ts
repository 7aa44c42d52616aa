/**
 * Frames from the server, checked before anything believes them. A frame of an unknown kind or a
 * wrong form is `undefined`: newer servers may say more than this client knows.
 */

import { STAR_DECODERS, voiceEvent, voiceState } from './decodeVoice'
import { boolean, list, Malformed, number, object, oneOf, optional, string } from './fields'
import type { Fields } from './json'
import type {
  ChatMessage,
  ErrorCode,
  JoinStatus,
  Limits,
  MemberStatus,
  Participant,
  Reply,
  RoomSummary,
  ServerMessage,
} from './protocol.gen'

type Action = ServerMessage['action']
type Of<A extends Action> = Extract<ServerMessage, { action: A }>

export function decodeFrame(text: string): Reply | undefined {
  try {
    const fields = object(JSON.parse(text))
    const action = string(fields, 'action')
    if (!isAction(action)) return undefined
    return { ...DECODERS[action](fields), requestId: optional(fields, 'requestId', string) }
  } catch (error) {
    if (error instanceof Malformed || error instanceof SyntaxError) return undefined
    throw error
  }
}

const DECODERS: { readonly [A in Action]: (fields: Fields) => Of<A> } = {
  welcome: (f) => ({
    action: 'welcome',
    userId: string(f, 'userId'),
    sessionToken: string(f, 'sessionToken'),
    serverTime: number(f, 'serverTime'),
    limits: limits(object(f['limits'])),
    rooms: list(f, 'rooms', roomSummary),
  }),
  roomCreated: (f) => ({ action: 'roomCreated', roomId: string(f, 'roomId'), roomName: string(f, 'roomName') }),
  joinRequest: (f) => ({ action: 'joinRequest', userId: string(f, 'userId'), roomId: string(f, 'roomId') }),
  joinResponse: (f) => ({
    action: 'joinResponse',
    roomId: string(f, 'roomId'),
    status: oneOf(f, 'status', JOIN_STATUSES),
    roomName: optional(f, 'roomName', string),
    userId: optional(f, 'userId', string),
  }),
  messageAck: (f) => ({
    action: 'messageAck',
    roomId: string(f, 'roomId'),
    messageId: string(f, 'messageId'),
    clientMessageId: optional(f, 'clientMessageId', string),
    timestamp: number(f, 'timestamp'),
  }),
  message: (f) => ({ action: 'message', ...chatMessage(f) }),
  roomMembers: (f) => ({
    action: 'roomMembers',
    roomId: string(f, 'roomId'),
    roomName: string(f, 'roomName'),
    participants: list(f, 'participants', participant),
    next: optional(f, 'next', string),
    voice: voiceState(object(f['voice'])),
  }),
  history: (f) => ({
    action: 'history',
    roomId: string(f, 'roomId'),
    messages: list(f, 'messages', chatMessage),
    nextBefore: optional(f, 'nextBefore', string),
  }),
  roomLeft: (f) => ({ action: 'roomLeft', roomId: string(f, 'roomId') }),
  memberJoined: (f) => ({ action: 'memberJoined', roomId: string(f, 'roomId'), userId: string(f, 'userId') }),
  memberLeft: (f) => ({ action: 'memberLeft', roomId: string(f, 'roomId'), userId: string(f, 'userId') }),
  presence: (f) => ({
    action: 'presence',
    roomId: string(f, 'roomId'),
    userId: string(f, 'userId'),
    online: boolean(f, 'online'),
  }),
  pong: (f) => ({ action: 'pong', timestamp: number(f, 'timestamp') }),
  ...STAR_DECODERS,
  voiceSignal: (f) => ({ action: 'voiceSignal', ...voiceEvent(f) }),
  error: (f) => ({
    action: 'error',
    code: oneOf(f, 'code', ERROR_CODES),
    message: string(f, 'message'),
    retryAfterMs: optional(f, 'retryAfterMs', number),
  }),
}

function isAction(name: string): name is Action {
  return Object.hasOwn(DECODERS, name)
}

/** `satisfies Record` makes the compiler ask for every value of the union. */
const JOIN_STATUSES = { pending: 0, approved: 0, rejected: 0 } satisfies Record<JoinStatus, 0>
const MEMBER_STATUSES = { pending: 0, approved: 0 } satisfies Record<MemberStatus, 0>
const ERROR_CODES = {
  badRequest: 0,
  unknownAction: 0,
  unauthorized: 0,
  forbidden: 0,
  notFound: 0,
  conflict: 0,
  rateLimited: 0,
  tooLarge: 0,
  internal: 0,
} satisfies Record<ErrorCode, 0>

function chatMessage(f: Fields): ChatMessage {
  return {
    roomId: string(f, 'roomId'),
    messageId: string(f, 'messageId'),
    userId: string(f, 'userId'),
    message: string(f, 'message'),
    timestamp: number(f, 'timestamp'),
    clientMessageId: optional(f, 'clientMessageId', string),
    replyTo: optional(f, 'replyTo', string),
  }
}

function participant(f: Fields): Participant {
  return {
    userId: string(f, 'userId'),
    status: oneOf(f, 'status', MEMBER_STATUSES),
    isAdmin: boolean(f, 'isAdmin'),
    online: boolean(f, 'online'),
  }
}

function roomSummary(f: Fields): RoomSummary {
  return { roomId: string(f, 'roomId'), roomName: string(f, 'roomName'), isAdmin: boolean(f, 'isAdmin') }
}

function limits(f: Fields): Limits {
  return {
    messageBytes: number(f, 'messageBytes'),
    frameBytes: number(f, 'frameBytes'),
    nameMin: number(f, 'nameMin'),
    nameMax: number(f, 'nameMax'),
    roomNameMax: number(f, 'roomNameMax'),
    idMax: number(f, 'idMax'),
    historyMax: number(f, 'historyMax'),
    connectionsMax: number(f, 'connectionsMax'),
    roomsMax: number(f, 'roomsMax'),
    requestsMax: number(f, 'requestsMax'),
  }
}
