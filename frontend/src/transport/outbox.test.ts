import { beforeEach, expect, test } from 'vitest'
import { RequestError } from './errors'
import { FakeEnvironment, settle } from './fakes/environment'
import { Outbox, type OutboxEntry } from './outbox'
import type { AnswerTo } from './requests'

interface Sent {
  readonly entry: OutboxEntry
  readonly acknowledge: () => void
  readonly fail: (error: RequestError) => void
}

let environment: FakeEnvironment
let sent: Sent[]
let delivered: string[]
let stored: readonly OutboxEntry[]

beforeEach(() => {
  environment = new FakeEnvironment()
  sent = []
  delivered = []
  stored = []
})

function outbox(): Outbox {
  return new Outbox({
    environment,
    storage: {
      load: () => stored,
      save: (entries) => {
        stored = entries
      },
    },
    send: (entry) =>
      new Promise<AnswerTo<'sendMessage'>>((resolve, reject) => {
        const { roomId, clientMessageId } = entry
        sent.push({
          entry,
          acknowledge: () => resolve({ action: 'messageAck', roomId, messageId: '01', clientMessageId, timestamp: 1 }),
          fail: reject,
        })
      }),
    delivered: (entry) => delivered.push(entry.text),
  })
}

function texts(): string[] {
  return sent.map(({ entry }) => entry.text)
}

test('waits for the line, then sends one by one in a room and side by side in two', async () => {
  const box = outbox()
  for (const [room, text] of [['r1', 'a'], ['r1', 'b'], ['r2', 'c']] as const) box.add(room, text)
  expect(texts()).toEqual([])
  box.open()
  expect(texts()).toEqual(['a', 'c'])
  sent[0]?.acknowledge()
  await settle()
  expect(texts()).toEqual(['a', 'c', 'b'])
  expect(delivered).toEqual(['a'])
})

test('after a lost line the same message goes again under the same id', async () => {
  const box = outbox()
  box.open()
  box.add('r1', 'a')
  box.close()
  sent[0]?.fail(new RequestError('disconnected', 'lost'))
  await settle()
  expect(box.entries.getSnapshot().map(({ status }) => status.kind)).toEqual(['waiting'])
  box.open()
  expect(texts()).toEqual(['a', 'a'])
  expect(sent[1]?.entry.clientMessageId).toBe(sent[0]?.entry.clientMessageId)
  sent[1]?.acknowledge()
  await settle()
  expect(box.entries.getSnapshot()).toEqual([])
})

test('a refusal fails the message, lets the next one go, and waits for a person', async () => {
  const box = outbox()
  box.open()
  box.add('r1', 'a')
  box.add('r1', 'b')
  sent[0]?.fail(new RequestError('forbidden', 'not a member'))
  await settle()
  expect(box.entries.getSnapshot().map(({ status }) => status)).toMatchObject([{ kind: 'failed', code: 'forbidden' }, { kind: 'sending' }])
  await environment.pass(60_000)
  expect(texts()).toEqual(['a', 'b'])
  sent[1]?.acknowledge()
  await settle()
  const [failed] = box.entries.getSnapshot()
  box.retry(failed?.clientMessageId ?? '')
  expect(texts()).toEqual(['a', 'b', 'a'])
})

test('too much at once waits as long as the server says, and keeps the order', async () => {
  const box = outbox()
  box.open()
  box.add('r1', 'a')
  box.add('r1', 'b')
  sent[0]?.fail(new RequestError('rateLimited', 'slow down', 3000))
  await environment.pass(2999)
  expect(texts()).toEqual(['a'])
  await environment.pass(1)
  expect(texts()).toEqual(['a', 'a'])
  sent[1]?.acknowledge()
  await settle()
  expect(texts()).toEqual(['a', 'a', 'b'])
})

test('a server in trouble is tried four times', async () => {
  const box = outbox()
  box.open()
  box.add('r1', 'a')
  for (let attempt = 0; attempt < 4; attempt += 1) {
    sent.at(-1)?.fail(new RequestError('internal', 'trouble'))
    await environment.pass(10_000)
  }
  expect(texts()).toHaveLength(4)
  expect(box.entries.getSnapshot()[0]?.status).toMatchObject({ kind: 'failed', code: 'internal' })
})

test('unsent messages outlive a reload; failed ones stay failed', async () => {
  const before = outbox()
  before.open()
  before.add('r1', 'a')
  before.add('r2', 'b')
  sent[1]?.fail(new RequestError('forbidden', 'no'))
  await settle()
  const after = outbox()
  expect(after.entries.getSnapshot().map(({ text, status }) => [text, status.kind])).toEqual([['a', 'waiting'], ['b', 'failed']])
  after.discard(after.entries.getSnapshot()[1]?.clientMessageId ?? '')
  expect(stored.map(({ text }) => text)).toEqual(['a'])
})
