import { expect, test } from 'vitest'
import type { OutboxEntry } from '../transport/outbox'
import type { ChatMessage } from '../transport/protocol.gen'
import { conversation } from './conversation'

const NOON = new Date(2030, 0, 15, 12).getTime()
const MINUTE = 60_000

function said(userId: string, text: string, minutes: number, clientMessageId?: string): ChatMessage {
  return { roomId: 'r', messageId: `${userId}${minutes}`, userId, message: text, timestamp: NOON + minutes * MINUTE, clientMessageId }
}

function outgoing(text: string, status: OutboxEntry['status']): OutboxEntry {
  return { clientMessageId: `c-${text}`, roomId: 'r', text, createdAt: NOON + 60 * MINUTE, status }
}

function shape(rows: ReturnType<typeof conversation>): unknown[] {
  return rows.map((row) => (row.kind === 'day' ? 'day' : [row.userId, ...row.lines.map(({ text }) => text)]))
}

test('one speaker makes one group until another speaks, a pause or a new day', () => {
  const rows = conversation(
    [
      said('Bob', 'yesterday', -24 * 60),
      said('Bob', 'a', 0),
      said('Bob', 'b', 4),
      said('Alice', 'c', 5),
      said('Bob', 'd', 6),
      said('Bob', 'e', 11),
    ],
    [],
    'Alice',
  )
  expect(shape(rows)).toEqual(['day', ['Bob', 'yesterday'], 'day', ['Bob', 'a', 'b'], ['Alice', 'c'], ['Bob', 'd'], ['Bob', 'e']])
})

test('what is on its way stands at the end, once', () => {
  const rows = conversation(
    [said('Alice', 'stored', 59, 'c-stored')],
    [
      outgoing('stored', { kind: 'sending' }),
      outgoing('next', { kind: 'waiting' }),
      outgoing('refused', { kind: 'failed', code: 'forbidden', message: 'no' }),
    ],
    'Alice',
  )
  const group = rows.at(-1)
  if (group?.kind !== 'group') throw new Error('no group')
  expect(group.lines.map(({ text, delivery }) => [text, delivery.kind])).toEqual([['stored', 'sent'], ['next', 'sending'], ['refused', 'failed']])
})

test('a message keeps its key when it goes from sending to sent', () => {
  const before = conversation([], [outgoing('x', { kind: 'sending' })], 'Alice')
  const after = conversation([said('Alice', 'x', 60, 'c-x')], [], 'Alice')
  expect(after.at(-1)?.key).toBe(before.at(-1)?.key)
})

test("another person's use of the same client id hides nothing", () => {
  const rows = conversation([said('Bob', 'theirs', 0, 'c-mine')], [outgoing('mine', { kind: 'sending' })], 'Alice')
  expect(shape(rows)).toEqual(['day', ['Bob', 'theirs'], ['Alice', 'mine']])
})
