/** A person's rooms and the pure changes to them. Nothing here sends or waits. */

import type { FailureCode } from '../transport/errors'
import type { ChatMessage, Participant, RoomSummary } from '../transport/protocol.gen'
import { type RoomVoice, SILENT } from './roomVoice'

/** What is known of the messages before the first one held. */
export type Older =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'more'; readonly before: string }
  | { readonly kind: 'loading'; readonly before: string }
  | { readonly kind: 'none' }

/**
 * Whether the held messages are all there is. A room falls behind when the line is lost: `from` is the
 * last id before the gap, and pushes that arrive before the gap is filled do not move it.
 */
export type Sync = { readonly kind: 'live' } | { readonly kind: 'behind'; readonly from: string | undefined }

export interface Trouble {
  readonly code: FailureCode
  readonly message: string
}

export interface MemberRoom {
  readonly kind: 'member'
  readonly roomId: string
  readonly roomName: string
  readonly isAdmin: boolean
  readonly participants: readonly Participant[]
  readonly voice: RoomVoice
  /** By id, without repeats. */
  readonly messages: readonly ChatMessage[]
  readonly older: Older
  readonly sync: Sync
  /** Why the last attempt to bring the room up to date failed; a lost line is none. */
  readonly trouble: Trouble | undefined
  /** The last message that the person has had before their eyes. */
  readonly seen: string | undefined
}

export type Room =
  | MemberRoom
  /** Asked to join; the admin has not answered. */
  | { readonly kind: 'asking'; readonly roomId: string }
  | { readonly kind: 'rejected'; readonly roomId: string }
  /** No longer a member; a room that its last member left has ended. */
  | { readonly kind: 'gone'; readonly roomId: string; readonly roomName: string; readonly hasEnded: boolean }

export type Rooms = ReadonlyMap<string, Room>

export function newMemberRoom(summary: RoomSummary, seen: string | undefined): MemberRoom {
  return {
    kind: 'member',
    ...summary,
    participants: [],
    voice: SILENT,
    messages: [],
    older: { kind: 'unknown' },
    sync: { kind: 'behind', from: undefined },
    trouble: undefined,
    seen,
  }
}

export function withRoom(rooms: Rooms, room: Room): Rooms {
  return new Map(rooms).set(room.roomId, room)
}

export function withoutRoom(rooms: Rooms, roomId: string): Rooms {
  const next = new Map(rooms)
  next.delete(roomId)
  return next
}

/** Changes a room of which the person is a member; anything else stays as it is. */
export function changeMember(rooms: Rooms, roomId: string, change: (room: MemberRoom) => Room): Rooms {
  const room = rooms.get(roomId)
  return room?.kind === 'member' ? withRoom(rooms, change(room)) : rooms
}

/** Both lists as one: by id, each id once. The same reference when nothing is new. */
export function mergeMessages(
  held: readonly ChatMessage[],
  incoming: readonly ChatMessage[],
): readonly ChatMessage[] {
  const last = held.at(-1)
  const [first] = incoming
  // The usual case, one new message at the end, costs no sorting.
  if (first !== undefined && incoming.length === 1 && (last === undefined || first.messageId > last.messageId)) {
    return [...held, first]
  }
  const known = new Set(held.map((message) => message.messageId))
  const fresh = incoming.filter(({ messageId }) => !known.has(messageId) && known.add(messageId))
  if (fresh.length === 0) return held
  return [...held, ...fresh].toSorted(byId)
}

function byId(left: ChatMessage, right: ChatMessage): number {
  if (left.messageId === right.messageId) return 0
  return left.messageId < right.messageId ? -1 : 1
}

export function withMessages(room: MemberRoom, incoming: readonly ChatMessage[]): MemberRoom {
  const messages = mergeMessages(room.messages, incoming)
  return messages === room.messages ? room : { ...room, messages }
}

export function lastMessageId(room: MemberRoom): string | undefined {
  return room.messages.at(-1)?.messageId
}

export function fallBehind(room: MemberRoom): MemberRoom {
  return room.sync.kind === 'behind' ? room : { ...room, sync: { kind: 'behind', from: lastMessageId(room) } }
}

export function markSeen(room: MemberRoom): MemberRoom {
  const last = lastMessageId(room)
  return last === undefined || (room.seen !== undefined && room.seen >= last) ? room : { ...room, seen: last }
}

/** Messages of others that came after the last one seen. */
export function unreadCount(room: MemberRoom, me: string): number {
  const { seen } = room
  if (seen === undefined) return 0
  return room.messages.filter(({ messageId, userId }) => messageId > seen && userId !== me).length
}

export function withParticipant(room: MemberRoom, changed: Participant): MemberRoom {
  const others = room.participants.filter(({ userId }) => userId !== changed.userId)
  return { ...room, participants: [...others, changed] }
}

export function withoutParticipant(room: MemberRoom, userId: string): MemberRoom {
  return { ...room, participants: room.participants.filter((participant) => participant.userId !== userId) }
}

/**
 * The rooms after `welcome`. A room that its list lacks is kept, to be asked about: the list can be a
 * second behind, and only a refusal says that a membership has ended.
 */
export function reconcile(
  rooms: Rooms,
  memberships: readonly RoomSummary[],
  seen: (roomId: string) => string | undefined,
): Rooms {
  const next = new Map<string, Room>()
  for (const summary of memberships) {
    const held = rooms.get(summary.roomId)
    next.set(
      summary.roomId,
      held?.kind === 'member' ? { ...fallBehind(held), ...summary } : newMemberRoom(summary, seen(summary.roomId)),
    )
  }
  for (const room of rooms.values()) {
    if (!next.has(room.roomId)) next.set(room.roomId, room.kind === 'member' ? fallBehind(room) : room)
  }
  return next
}

/** Whether nobody else is a member. */
export function isAlone(room: MemberRoom, me: string): boolean {
  const members = room.participants.filter(({ status }) => status === 'approved')
  return members.length > 0 && members.every(({ userId }) => userId === me)
}

export function gone(room: MemberRoom, hasEnded = false): Room {
  return { kind: 'gone', roomId: room.roomId, roomName: room.roomName, hasEnded }
}
