/** Voice from the press of a button, through the server and the network, to another person's loudspeaker; all of them in memory. */

import { beforeEach, expect, test } from 'vitest'
import { settle } from '../transport/fakes/environment'
import { CONNECT_LIMIT_MS } from '../voice/peer'
import { type Company, company, pair, ROOM } from './fakes/company'

let environment: Company['environment']
let server: Company['server']
let network: Company['network']
let arrive: Company['arrive']
let talk: Company['talk']
let lookOn: Company['lookOn']

beforeEach(() => {
  ;({ environment, server, network, arrive, talk, lookOn } = company())
})

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

test('whoever leaves the room while their line to it is lost is heard no longer', async () => {
  const [ann, bob] = pair(await arrive('Ann', 'Bob'))
  await talk(ann, bob)
  server.push('Ann', { action: 'voiceSignal', type: 'voice:peer_left', roomId: ROOM, from: 'Bob', reason: 'disconnected' })
  await environment.pass(1_000)
  expect(ann.heard).toEqual(['Bob'])
  server.push('Ann', { action: 'memberLeft', roomId: ROOM, userId: 'Bob' })
  await settle()
  expect([ann.heard, ann.links]).toEqual([[], {}])
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
