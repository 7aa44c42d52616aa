/** A place in voice that is given up, lost without a word, or given to nobody. */

import { beforeEach, expect, test } from 'vitest'
import { settle } from '../transport/fakes/environment'
import { CONNECT_LIMIT_MS } from '../voice/peer'
import { type Company, company, pair, ROOM } from './fakes/company'

let environment: Company['environment']
let server: Company['server']
let network: Company['network']
let arrive: Company['arrive']
let talk: Company['talk']

beforeEach(() => {
  ;({ environment, server, network, arrive, talk } = company())
})

test('giving up while the browser asks for the microphone leaves nothing behind', async () => {
  const [ann] = pair(await arrive('Ann', 'Bob'))
  const joining = ann.session.voice.join(ROOM)
  ann.session.voice.leave()
  await joining
  await settle()
  expect(ann.session.voice.state.getSnapshot().kind).toBe('off')
  expect(ann.parts.devices.opened[0]?.isStopped).toBe(true)
  expect(server.received.some((frame) => frame.action === 'voiceSignal')).toBe(false)
})

test('giving up while the server is asked gives the place up too', async () => {
  const [ann] = pair(await arrive('Ann', 'Bob'))
  const joining = ann.session.voice.join(ROOM)
  await Promise.resolve()
  await Promise.resolve()
  expect(ann.session.voice.state.getSnapshot().kind).toBe('joining')
  ann.session.voice.leave()
  await joining
  await settle()
  expect(ann.session.voice.state.getSnapshot().kind).toBe('off')
  expect(ann.parts.devices.opened[0]?.isStopped).toBe(true)
  expect(server.rooms.get(ROOM)?.voice.size).toBe(0)
})

test('somebody whom the server does not know in voice any more is let go, though nobody said so', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  server.intercept = (request, from) => (from === 'Bob' && request.action === 'voiceSignal' ? { action: 'error', code: 'internal', message: 'lost' } : undefined)
  server.rooms.get(ROOM)?.voice.delete('Bob')
  network.isPassable = false
  network.settle()
  bob.session.stop()
  await environment.pass(4_000)
  // For a while it may be their line only.
  expect(ann.call.links.getSnapshot().get('Bob')).toMatchObject({ isAway: true })
  await environment.pass(CONNECT_LIMIT_MS)
  expect(ann.links).toEqual({})
  const { length } = server.received
  await environment.pass(10_000)
  expect(server.received).toHaveLength(length)
})

test('a page whose place in voice is lost without a word takes it again when it has something to say', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  server.rooms.get(ROOM)?.voice.delete('Bob')
  for (const connection of network.open) connection.find('candidate:2')
  await environment.pass(500)
  expect([...(server.rooms.get(ROOM)?.voice.keys() ?? [])].toSorted()).toEqual(['Ann', 'Bob'])
  expect([ann.links, bob.links]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
  expect(ann.call.links.getSnapshot().get('Bob')).toMatchObject({ isAway: false })
  const joins = server.received.filter((frame) => frame.action === 'voiceSignal' && frame.type === 'voice:join')
  expect(joins).toHaveLength(3)
})

/** Requests of a kind travel this long, one after the other. */
function slow(type: string, ...times: readonly number[]): void {
  const left = [...times]
  server.travelMs = (request) => (request.action === 'voiceSignal' && request.type === type ? (left.shift() ?? 0) : 0)
}

test.each([
  ['voice:join', [400, 100]],
  ['voice:join', [100, 400]],
  ['voice:leave', [300]],
] as const)('joined, given up and joined again while %s travels slowly: the second joining keeps the seat', async (type, times) => {
  const [ann] = pair(await arrive('Ann', 'Bob'))
  slow(type, ...times)
  void ann.session.voice.join(ROOM)
  await environment.pass(50)
  ann.session.voice.leave()
  void ann.session.voice.join(ROOM)
  await environment.pass(1_000)
  expect(ann.session.voice.state.getSnapshot().kind).toBe('on')
  expect([...(server.rooms.get(ROOM)?.voice.keys() ?? [])]).toEqual(['Ann'])
  expect(ann.seen).toEqual(['Ann'])
  expect(ann.call.state.getSnapshot().line).toBe('up')
})

test('a second joining that is refused leaves no seat of the first one behind', async () => {
  const [ann] = pair(await arrive('Ann', 'Bob'))
  slow('voice:join', 400, 600)
  void ann.session.voice.join(ROOM)
  await environment.pass(50)
  ann.session.voice.leave()
  void ann.session.voice.join(ROOM)
  await environment.pass(500)
  expect(server.rooms.get(ROOM)?.voice.size).toBe(1)
  server.intercept = (request) =>
    request.action === 'voiceSignal' && request.type === 'voice:join' ? { action: 'error', code: 'rateLimited', message: 'wait a little' } : undefined
  await environment.pass(1_000)
  expect(ann.session.voice.state.getSnapshot()).toMatchObject({ kind: 'failed', fault: { code: 'rateLimited' } })
  expect(server.rooms.get(ROOM)?.voice.size).toBe(0)
})
