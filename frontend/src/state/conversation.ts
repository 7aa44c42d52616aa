/** A room's messages as they are read: by day, in groups of one speaker, with what is still on its way at the end. */

import type { OutboxEntry } from '../transport/outbox'
import type { FailureCode } from '../transport/errors'
import type { ChatMessage } from '../transport/protocol.gen'

export type Delivery =
  | { readonly kind: 'sent' }
  | { readonly kind: 'sending' }
  | { readonly kind: 'failed'; readonly clientMessageId: string; readonly code: FailureCode; readonly message: string }

export interface Line {
  /** Stays the same while a message goes from sending to sent. */
  readonly key: string
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly delivery: Delivery
}

export interface Group {
  readonly kind: 'group'
  readonly key: string
  readonly userId: string
  readonly isOwn: boolean
  readonly lines: readonly Line[]
}

export type Row = Group | { readonly kind: 'day'; readonly key: string; readonly timestamp: number }

/** A speaker who pauses longer than this starts a new group. */
const GROUP_GAP_MS = 5 * 60_000
/** Long monologues are cut, so that a view can leave out what is far away. */
const GROUP_LINES = 25

interface Spoken extends Line {
  readonly userId: string
}

export function conversation(
  messages: readonly ChatMessage[],
  outgoing: readonly OutboxEntry[],
  me: string,
): readonly Row[] {
  const rows: Row[] = []
  let previous: Spoken | undefined
  let lines: Line[] = []
  for (const line of spoken(messages, outgoing, me)) {
    const isNewDay = previous === undefined || !isSameDay(previous.timestamp, line.timestamp)
    if (isNewDay) rows.push({ kind: 'day', key: `day ${new Date(line.timestamp).toDateString()}`, timestamp: line.timestamp })
    if (isNewDay || lines.length === GROUP_LINES || !continues(previous, line)) {
      lines = []
      rows.push({ kind: 'group', key: line.key, userId: line.userId, isOwn: line.userId === me, lines })
    }
    lines.push(line)
    previous = line
  }
  return rows
}

function continues(previous: Spoken | undefined, line: Spoken): boolean {
  return previous?.userId === line.userId && line.timestamp - previous.timestamp < GROUP_GAP_MS
}

function spoken(messages: readonly ChatMessage[], outgoing: readonly OutboxEntry[], me: string): readonly Spoken[] {
  const stored = new Set(messages.filter(({ userId }) => userId === me).map((message) => message.clientMessageId))
  return [
    ...messages.map((message) => storedLine(message, me)),
    ...outgoing.filter((entry) => !stored.has(entry.clientMessageId)).map((entry) => outgoingLine(entry, me)),
  ]
}

/** A message gives the same line each time, so that a view can tell what has not changed. */
const LINES = new WeakMap<ChatMessage, Spoken>()

function storedLine(message: ChatMessage, me: string): Spoken {
  const key = message.userId === me ? (message.clientMessageId ?? message.messageId) : message.messageId
  const known = LINES.get(message)
  if (known?.key === key) return known
  const { userId, message: text, timestamp } = message
  const line: Spoken = { key, userId, text, timestamp, delivery: { kind: 'sent' } }
  LINES.set(message, line)
  return line
}

function outgoingLine(entry: OutboxEntry, me: string): Spoken {
  const { clientMessageId, status } = entry
  return {
    key: clientMessageId,
    userId: me,
    text: entry.text,
    timestamp: entry.createdAt,
    delivery:
      status.kind === 'failed'
        ? { kind: 'failed', clientMessageId, code: status.code, message: status.message }
        : { kind: 'sending' },
  }
}

export function isSameDay(left: number, right: number): boolean {
  return new Date(left).toDateString() === new Date(right).toDateString()
}
