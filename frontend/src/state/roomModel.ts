/** What the view of a room shows and can do. An action that is not available is `undefined`. */

import type { OutboxEntry } from '../transport/outbox'
import type { Participant } from '../transport/protocol.gen'
import { conversation, type Row } from './conversation'
import { isAlone, type MemberRoom, type Trouble } from './rooms'
import type { SessionState } from './roomStore'
import type { Decision, Session } from './session'

export interface RoomModel {
  readonly roomId: string
  readonly roomName: string
  readonly me: string
  readonly rows: readonly Row[]
  /** No message yet, and none on its way from the server. */
  readonly isEmpty: boolean
  readonly isLoading: boolean
  readonly isLoadingOlder: boolean
  /** UTF-8 bytes. */
  readonly messageBytes: number
  /** Members, admins and people online first. */
  readonly people: readonly Participant[]
  /** Those who ask to join, for admins to decide. */
  readonly askers: readonly Participant[]
  readonly send: (text: string) => void
  readonly retry: (clientMessageId: string) => void
  readonly discard: (clientMessageId: string) => void
  readonly loadOlder: (() => void) | undefined
  /** What could not be loaded, and how to try again. */
  readonly trouble: (Trouble & { readonly retry: () => void }) | undefined
  readonly decide: ((userId: string, decision: Decision) => void) | undefined
  /** Whether the room ends when this person leaves. */
  readonly isLast: boolean
  readonly leave: () => Promise<boolean>
}

/** The protocol's default, until `welcome` says otherwise. */
const DEFAULT_MESSAGE_BYTES = 8192

export function roomModel(
  session: Session,
  { me, limits }: SessionState,
  room: MemberRoom,
  outbox: readonly OutboxEntry[],
): RoomModel {
  const { roomId, roomName, participants, messages, older, isAdmin, trouble } = room
  const outgoing = outbox.filter((entry) => entry.roomId === roomId)
  const isLoading = older.kind === 'unknown' && messages.length === 0
  return {
    roomId,
    roomName,
    me,
    rows: conversation(messages, outgoing, me),
    isEmpty: !isLoading && messages.length === 0 && outgoing.length === 0,
    isLoading,
    isLoadingOlder: older.kind === 'loading',
    messageBytes: limits?.messageBytes ?? DEFAULT_MESSAGE_BYTES,
    people: participants.filter(({ status }) => status === 'approved').toSorted(byStanding),
    askers: participants.filter(({ status }) => status === 'pending').toSorted(byName),
    send: (text) => session.send(roomId, text),
    retry: session.retrySend,
    discard: session.discardSend,
    loadOlder: older.kind === 'more' ? () => session.loadOlder(roomId) : undefined,
    trouble: trouble === undefined ? undefined : { ...trouble, retry: () => session.refresh(roomId) },
    decide: isAdmin ? (userId, decision) => session.decide(roomId, userId, decision) : undefined,
    isLast: isAlone(room, me),
    leave: () => session.leave(roomId),
  }
}

function byStanding(left: Participant, right: Participant): number {
  return (
    Number(right.isAdmin) - Number(left.isAdmin) || Number(right.online) - Number(left.online) || byName(left, right)
  )
}

function byName(left: Participant, right: Participant): number {
  return left.userId.localeCompare(right.userId)
}
