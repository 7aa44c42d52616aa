/** Voice from the press of a button, through the server and the network, to another person's loudspeaker; all of them in memory. */

import { beforeEach, expect, test } from 'vitest'
import { FakeEnvironment, settle } from '../transport/fakes/environment'
import { FakeServer } from '../transport/fakes/server'
import { FakeNetwork } from '../voice/fakes/network'
import { type FakeVoice, fakeVoice } from '../voice/fakes/parts'
import { CONNECT_LIMIT_MS } from '../voice/peer'
import type { Call } from '../voice/call'
import { Memory } from './memory'
import { Session } from './session'

const CONFIG = { stage: 'local', region: 'us-east-1', webSocketUrl: 'ws://test/local', voice: { transport: 'mesh' } } as const
const ROOM = 'k3v9x0q2m7ab'

class Talker {
  readonly name: string
  readonly session: Session
  readonly parts: FakeVoice

  constructor(name: string, session: Session, parts: FakeVoice) {
    this.name = name
    this.session = session
    this.parts = parts
  }

  get heard(): string[] {
    return [...this.parts.sound.playing.keys()].toSorted()
  }

  get call(): Call {
    const state = this.session.voice.state.getSnapshot()
    if (state.kind !== 'on') throw new Error(`${this.name}'s voice is ${state.kind}`)
    return state.call
  }

  get links(): Record<string, string> {
    return Object.fromEntries([...this.call.links.getSnapshot()].map(([userId, { state }]) => [userId, state.kind]))
  }

  /** Who this person sees in voice. */
  get seen(): string[] {
    const room = this.session.state.getSnapshot().rooms.get(ROOM)
    return room?.kind === 'member' ? room.voice.people.map(({ userId, muted }) => userId + (muted ? ' (muted)' : '')) : []
  }
}

let environment: FakeEnvironment
let server: FakeServer
let network: FakeNetwork

beforeEach(() => {
  localStorage.clear()
  sessionStorage.clear()
  environment = new FakeEnvironment()
  server = new FakeServer(environment)
  network = new FakeNetwork()
})

/** Signed in, in the room. */
async function arrive(...names: readonly string[]): Promise<Talker[]> {
  const [admin = '', ...members] = names
  server.addRoom(ROOM, 'Team', admin, members)
  const talkers = names.map((name) => {
    const parts = fakeVoice(network)
    const memory = new Memory(CONFIG.stage, localStorage, sessionStorage).of(name)
    return new Talker(name, new Session({ config: CONFIG, name, memory, environment, openSocket: server.openSocket, voice: parts }), parts)
  })
  for (const { session } of talkers) session.start()
  await settle()
  return talkers
}

async function talk(...talkers: readonly Talker[]): Promise<void> {
  for (const { session } of talkers) {
    await session.voice.join(ROOM)
    await environment.pass(500)
  }
}

function pair(talkers: readonly Talker[]): [Talker, Talker] {
  const [first, second] = talkers
  if (first === undefined || second === undefined) throw new Error('two were asked for')
  return [first, second]
}

test.each([2, 3, 4, 6])('%i people hear each other, and nobody themselves', async (number) => {
  const names = ['Ann', 'Bob', 'Cleo', 'Dan', 'Eve', 'Finn'].slice(0, number)
  const talkers = await arrive(...names)
  await talk(...talkers)
  for (const { heard, name, seen, links } of talkers) {
    expect(heard).toEqual(names.filter((other) => other !== name))
    expect(seen.toSorted()).toEqual(names)
    expect(Object.values(links)).toEqual(heard.map(() => 'connected'))
  }
  expect(network.open).toHaveLength(number * (number - 1))
  // One offer and one answer for each pair.
  expect(server.received.filter((frame) => frame.action === 'voiceSignal' && 'sdp' in frame)).toHaveLength(number * (number - 1))
})

test('everybody in the room sees who talks; leaving ends the links and stops the microphone', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob', 'Cleo'))
  const [, , cleo] = [ann, bob, ...(await lookOn('Cleo'))]
  await talk(ann, bob)
  expect(cleo?.seen).toEqual(['Ann', 'Bob'])
  bob.session.voice.leave()
  await environment.pass(100)
  expect([ann.heard, ann.seen, cleo?.seen]).toEqual([[], ['Ann'], ['Ann']])
  expect(bob.session.voice.state.getSnapshot().kind).toBe('off')
  expect(bob.parts.devices.opened.every(({ isStopped }) => isStopped)).toBe(true)
  expect(network.open).toHaveLength(0)
  await talk(bob)
  expect([ann.heard, bob.heard]).toEqual([['Bob'], ['Ann']])
  expect(ann.parts.sound.tones).toEqual(['joined', 'joined', 'left', 'joined'])
})

/** One who only looks. */
async function lookOn(name: string): Promise<Talker[]> {
  const parts = fakeVoice(network)
  const memory = new Memory(CONFIG.stage, localStorage, sessionStorage).of(name)
  const session = new Session({ config: CONFIG, name, memory, environment, openSocket: server.openSocket, voice: parts })
  session.start()
  await settle()
  return [new Talker(name, session, parts)]
}

test('mute shuts the microphone and is seen; an admin mutes somebody, who can speak up again', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  bob.call.setMuted(true)
  await settle()
  expect(bob.parts.devices.opened[0]?.enabled).toBe(false)
  expect([ann.seen, bob.seen]).toEqual([['Ann', 'Bob (muted)'], ['Ann', 'Bob (muted)']])
  bob.call.setMuted(false)
  await settle()
  expect(ann.seen).toEqual(['Ann', 'Bob'])

  ann.session.muteInVoice(ROOM, 'Bob')
  await settle()
  expect(bob.call.state.getSnapshot()).toMatchObject({ isMuted: true, isOpen: false, mutedBy: 'Ann' })
  expect([ann.seen, bob.seen]).toEqual([['Ann', 'Bob (muted)'], ['Ann', 'Bob (muted)']])
  bob.call.setMuted(false)
  expect(bob.call.state.getSnapshot()).toMatchObject({ isMuted: false, isOpen: true, mutedBy: undefined })
})

test('push-to-talk opens the microphone while it is held, and a mute goes before it', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  const isOpen = (): boolean | undefined => ann.parts.devices.opened[0]?.enabled
  ann.session.voice.preferences.change({ pushToTalk: true })
  expect(isOpen()).toBe(false)
  ann.call.hold(true)
  expect(isOpen()).toBe(true)
  ann.call.setMuted(true)
  expect(isOpen()).toBe(false)
  ann.call.setMuted(false)
  ann.call.hold(false)
  expect(isOpen()).toBe(false)
  ann.session.voice.preferences.change({ pushToTalk: false })
  expect(isOpen()).toBe(true)
})

test('the line is lost and comes back: the audio goes on, and the place in voice is taken again', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  bob.call.setMuted(true)
  server.rooms.get(ROOM)?.voice.delete('Bob')
  server.push('Ann', { action: 'voiceSignal', type: 'voice:peer_left', roomId: ROOM, from: 'Bob', reason: 'disconnected' })
  server.cut('Bob')
  await settle()
  expect(bob.call.state.getSnapshot().line).toBe('down')
  expect(ann.call.links.getSnapshot().get('Bob')).toMatchObject({ state: { kind: 'connected' }, isAway: true })
  await environment.pass(2_000)
  expect(bob.call.state.getSnapshot().line).toBe('up')
  expect(ann.call.links.getSnapshot().get('Bob')).toMatchObject({ state: { kind: 'connected' }, isAway: false })
  expect([ann.seen, bob.seen.toSorted()]).toEqual([['Ann', 'Bob (muted)'], ['Ann', 'Bob (muted)']])
  expect(network.open).toHaveLength(2)
})

test('an offer that was lost is made again', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann)
  let isLossy = true
  server.intercept = (request) =>
    isLossy && request.action === 'voiceSignal' && request.type === 'voice:offer' ? { action: 'error', code: 'internal', message: 'lost' } : undefined
  await talk(bob)
  expect(bob.links).toEqual({ Ann: 'connecting' })
  isLossy = false
  await environment.pass(4_000)
  expect([ann.links, bob.links]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
})

test('whoever does not come back is let go', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  server.push('Ann', { action: 'voiceSignal', type: 'voice:peer_left', roomId: ROOM, from: 'Bob', reason: 'disconnected' })
  await environment.pass(29_000)
  expect(ann.heard).toEqual(['Bob'])
  await environment.pass(2_000)
  expect(ann.heard).toEqual([])
})

test('a page that was opened anew is another one at the other end', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  server.push('Ann', { action: 'voiceSignal', type: 'voice:peer_left', roomId: ROOM, from: 'Bob', reason: 'disconnected' })
  server.rooms.get(ROOM)?.voice.delete('Bob')
  bob.session.stop()
  const [again] = await lookOn('Bob')
  if (again === undefined) throw new Error('Bob came back')
  await talk(again)
  expect([ann.heard, again.heard]).toEqual([['Bob'], ['Ann']])
  expect([ann.links, again.links]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
})

test('a path that is lost is looked for again, with fresh servers', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  await environment.pass(30_000)
  network.isPassable = false
  network.settle()
  expect(ann.links).toEqual({ Bob: 'interrupted' })
  await environment.pass(4_000)
  network.isPassable = true
  network.settle()
  await environment.pass(1_000)
  expect([ann.links, bob.links]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
  const joins = server.received.filter((frame) => frame.action === 'voiceSignal' && frame.type === 'voice:join')
  expect(joins.length).toBeGreaterThan(2)
  expect(joins.length).toBeLessThanOrEqual(4)
})

test('credentials that have ended are replaced when somebody comes', async () => {
  const [ann, bob, cleo] = await arrive('Ann', 'Bob', 'Cleo')
  const room = server.rooms.get(ROOM)
  if (ann === undefined || bob === undefined || cleo === undefined || room === undefined) throw new Error('three were asked for')
  room.iceExpiresAt = environment.now() + 20_000
  await talk(ann, bob)
  const joins = (): number => server.received.filter((frame) => frame.action === 'voiceSignal' && frame.type === 'voice:join').length
  expect(joins()).toBe(2)
  await environment.pass(6_000)
  room.iceExpiresAt = environment.now() + 300_000
  await talk(cleo)
  expect(joins()).toBe(5)
  expect(ann.links).toEqual({ Bob: 'connected', Cleo: 'connected' })
  cleo.session.voice.leave()
  await talk(cleo)
  expect(joins()).toBe(6)
})

test.each([
  [undefined, 'noPath'],
  [401, 'relayRefused'],
] as const)('without a path a person is told after ten seconds (relay: %s)', async (refusal, fault) => {
  network.isPassable = false
  network.refusal = refusal
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  await environment.pass(CONNECT_LIMIT_MS - 600)
  expect(bob.links).toEqual({ Ann: 'connecting' })
  await environment.pass(200)
  expect(bob.call.links.getSnapshot().get('Ann')).toMatchObject({ state: { kind: 'failed', fault } })
  network.isPassable = true
  network.refusal = undefined
  bob.call.retry()
  await environment.pass(200)
  expect([ann.links, bob.links]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
})

test('no microphone, and a refusal, are told and change nothing', async () => {
  const [ann] = pair(await arrive('Ann', 'Bob'))
  ann.parts.devices.fault = 'denied'
  await ann.session.voice.join(ROOM)
  expect(ann.session.voice.state.getSnapshot()).toEqual({ kind: 'failed', roomId: ROOM, fault: { kind: 'microphone', fault: 'denied' } })
  ann.parts.devices.fault = undefined
  server.intercept = (request) =>
    request.action === 'voiceSignal' ? { action: 'error', code: 'conflict', message: 'voice here is for 6 people at once' } : undefined
  await ann.session.voice.join(ROOM)
  expect(ann.session.voice.state.getSnapshot()).toMatchObject({ kind: 'failed', fault: { kind: 'refused', code: 'conflict' } })
  expect(ann.parts.devices.opened[0]?.isStopped).toBe(true)
  ann.session.voice.dismiss()
  expect(ann.session.voice.state.getSnapshot().kind).toBe('off')
})

test('voice ends for all where the admin ends it, and here where it was opened elsewhere', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  ann.session.endVoice(ROOM, 'off')
  await settle()
  expect(bob.session.voice.state.getSnapshot()).toEqual({ kind: 'ended', roomId: ROOM, reason: 'disabled', by: 'Ann' })
  expect(ann.session.voice.state.getSnapshot().kind).toBe('off')
  const room = bob.session.state.getSnapshot().rooms.get(ROOM)
  expect(room).toMatchObject({ voice: { isEnabled: false, people: [] } })
  ann.session.allowVoice(ROOM)
  await settle()
  await talk(bob)
  server.push('Bob', { action: 'voiceSignal', type: 'voice:peer_left', roomId: ROOM, from: 'Bob', reason: 'replaced' })
  await settle()
  expect(bob.session.voice.state.getSnapshot()).toMatchObject({ kind: 'ended', reason: 'replaced' })
  expect(network.open).toHaveLength(0)
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

test('who speaks is known by the level, and a muted microphone says nothing', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  ann.parts.sound.ownLevel = 0.2
  await environment.pass(300)
  expect([...ann.call.speaking.getSnapshot()].toSorted()).toEqual(['Ann', 'Bob'])
  ann.call.setMuted(true)
  await environment.pass(1_000)
  expect([...ann.call.speaking.getSnapshot()]).toEqual(['Bob'])
})

test('volumes are kept; another microphone takes over without a new connection', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  ann.call.setVolume('Bob', 0.4)
  expect(ann.parts.sound.playing.get('Bob')).toBe(0.4)
  await ann.call.chooseMicrophone('usb')
  expect(ann.parts.devices.opened.map(({ deviceId, isStopped }) => [deviceId, isStopped])).toEqual([['default', true], ['usb', false]])
  expect(network.connections.map(({ track }) => track)).toContain(ann.parts.devices.opened[1])
  bob.session.voice.leave()
  await talk(bob)
  expect(ann.parts.sound.playing.get('Bob')).toBe(0.4)
  ann.parts.devices.opened[1]?.dispatchEvent(new Event('ended'))
  await settle()
  expect(ann.parts.devices.opened.at(-1)?.deviceId).toBe('default')
})
