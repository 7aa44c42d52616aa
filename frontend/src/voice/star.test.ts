import { beforeEach, expect, test } from 'vitest'
import { FakeEnvironment, settle } from '../transport/fakes/environment'
import { RequestError } from '../transport/errors'
import { FakeChannel, FakeMixer } from './fakes/channel'
import { FakeNetwork } from './fakes/network'
import type { Seat } from './seat'
import { Star } from './star'
import type { TransportEnd } from './transport'

let environment: FakeEnvironment
let network: FakeNetwork
let channel: FakeChannel
let mixer: FakeMixer
/** How long the relay takes credentials. */
let relayMs: number

beforeEach(() => {
  environment = new FakeEnvironment()
  network = new FakeNetwork()
  channel = new FakeChannel()
  mixer = new FakeMixer()
  relayMs = 300_000
  names = new Map(['Bob', 'Cleo', 'Dan'].map((name) => [`id-of-${name}`, name]))
})

interface Sitting {
  readonly star: Star
  readonly playing: Set<string>
  readonly ends: TransportEnd[]
  /** What the desk was told at the end. */
  readonly closed: string[]
  refusal: RequestError | undefined
  clientId: string
  seats: number
}

/** Whom the server knows by which client id; those of other apps are not there. */
let names: Map<string, string>

/** Ann is the host. */
function sit(me: string, others: readonly string[]): Sitting {
  const sitting = { playing: new Set<string>(), ends: [], closed: [], refusal: undefined, clientId: `id-of-${me}`, seats: 0 } as Omit<Sitting, 'star'> & { star?: Star }
  const seat = (): Seat => ({
    role: me === 'Ann' ? 'host' : 'guest',
    channelArn: 'arn:aws:kinesisvideo:us-east-1:000000000000:channel/c/1',
    endpoint: 'wss://signaling',
    region: 'us-east-1',
    clientId: sitting.clientId,
    signalingUrl: 'wss://signaling/?signed',
    iceServers: [{ urls: [`turn:relay?seat=${sitting.seats}`] }],
    iceExpiresAt: environment.now() + relayMs,
  })
  const star = new Star(
    {
      me,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      microphone: { kind: 'audio', of: me } as unknown as MediaStreamTrack,
      iceServers: () => [],
      environment,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      audio: () => undefined as unknown as AudioContext,
      desk: {
        voiceRoomId: 'v',
        seat: () => {
          sitting.seats += 1
          return sitting.refusal === undefined ? Promise.resolve(seat()) : Promise.reject(sitting.refusal)
        },
        guests: () => (sitting.refusal === undefined ? Promise.resolve(names) : Promise.reject(sitting.refusal)),
        close: (why) => sitting.closed.push(why),
      },
      connect: network.connect,
      send: () => undefined,
      freshServers: () => Promise.resolve([]),
      ownLevel: () => 0.2,
      heard: (userId) => sitting.playing.add(userId),
      silent: (userId) => sitting.playing.delete(userId),
      ended: (why) => sitting.ends.push(why),
    },
    { signaling: () => Promise.resolve(channel.open), mix: () => mixer },
  )
  star.meet(others)
  return Object.assign(sitting, { star })
}

function kinds({ star }: Sitting): Record<string, string> {
  return Object.fromEntries([...star.links.getSnapshot()].map(([userId, { state }]) => [userId, state.kind]))
}

test('guests are mixed for each other, and never hear themselves', async () => {
  const ann = sit('Ann', [])
  await environment.pass(100)
  ann.star.joined('Bob')
  const bob = sit('Bob', ['Ann'])
  await environment.pass(100)
  for (const each of [ann, bob]) each.star.joined('Cleo')
  const cleo = sit('Cleo', ['Ann', 'Bob'])
  await environment.pass(300)

  expect([...ann.playing].toSorted()).toEqual(['Bob', 'Cleo'])
  expect([[...bob.playing], [...cleo.playing]]).toEqual([['mix'], ['mix']])
  expect(mixer.mixOf('id-of-Bob')).toEqual(['', 'id-of-Cleo'])
  expect(mixer.mixOf('id-of-Cleo')).toEqual(['', 'id-of-Bob'])
  expect([kinds(ann), kinds(bob), kinds(cleo)]).toEqual([
    { Bob: 'connected', Cleo: 'connected' },
    { Ann: 'connected', Cleo: 'connected' },
    { Ann: 'connected', Bob: 'connected' },
  ])
  // A guest learns from the host who speaks.
  expect(Object.fromEntries(bob.star.levels())).toEqual({ Ann: 0.2, Cleo: 0.3 })
})

test('a guest makes one voice softer in their own mix only', async () => {
  sit('Ann', ['Bob', 'Cleo'])
  const bob = sit('Bob', ['Ann', 'Cleo'])
  sit('Cleo', ['Ann', 'Bob'])
  await environment.pass(300)
  expect(bob.star.setVolume('Cleo', 0.3)).toBe(true)
  bob.star.setVolume('Ann', 0.5)
  await settle()
  expect([...mixer.gains]).toEqual([['id-of-Bob hears id-of-Cleo', 0.3], ['id-of-Bob hears ', 0.5]])
})

test('a guest leaves; the host leaves, and it ends', async () => {
  const ann = sit('Ann', ['Bob', 'Cleo'])
  const bob = sit('Bob', ['Ann', 'Cleo'])
  const cleo = sit('Cleo', ['Ann', 'Bob'])
  await environment.pass(300)
  cleo.star.close('left')
  for (const each of [ann, bob]) each.star.left('Cleo', 'left')
  await environment.pass(100)
  expect([...ann.playing]).toEqual(['Bob'])
  expect(mixer.mixOf('id-of-Bob')).toEqual([''])
  expect(kinds(bob)).toEqual({ Ann: 'connected' })

  ann.star.close('left')
  bob.star.left('Ann', 'left')
  expect(ann.closed).toEqual(['left'])
  expect(bob.ends).toEqual([{ kind: 'hostGone' }])
})

test('the channel ends its connections: the host opens another, a guest when it needs one', async () => {
  const ann = sit('Ann', ['Bob'])
  const bob = sit('Bob', ['Ann'])
  await environment.pass(300)
  channel.cut()
  await environment.pass(1_000)
  expect([ann.seats, bob.seats]).toEqual([2, 1])
  expect(kinds(bob)).toEqual({ Ann: 'connected' })

  network.isPassable = false
  network.settle()
  await environment.pass(3_000)
  network.isPassable = true
  await environment.pass(3_000)
  expect(bob.seats).toBe(2)
  expect([kinds(ann), kinds(bob)]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
})

test('a guest who comes back from another page takes their own place', async () => {
  const ann = sit('Ann', ['Bob'])
  sit('Bob', ['Ann'])
  await environment.pass(300)
  const again = sit('Bob', ['Ann'])
  await environment.pass(300)
  expect([...ann.playing]).toEqual(['Bob'])
  expect([kinds(ann), kinds(again)]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
  expect([...mixer.listeners]).toEqual(['id-of-Bob'])
})

test('a refused seat is told; a passing trouble is waited out', async () => {
  const bob = sit('Bob', ['Ann'])
  bob.refusal = new RequestError('forbidden', 'only members may join')
  bob.star.retry()
  await environment.pass(100)
  const cleo = sit('Cleo', ['Ann'])
  cleo.refusal = new RequestError('internal', 'a moment')
  await environment.pass(100)
  channel.cut()
  await environment.pass(60_000)
  expect(cleo.ends).toEqual([])
  expect(cleo.seats).toBeGreaterThan(1)
  expect(bob.ends).toEqual([{ kind: 'refused', code: 'forbidden', message: 'only members may join' }])
})

test('the host goes on from another page: it ends nothing, and the guests call that page', async () => {
  const ann = sit('Ann', ['Bob'])
  const bob = sit('Bob', ['Ann'])
  await environment.pass(300)
  const again = sit('Ann', ['Bob'])
  ann.star.close('replaced')
  bob.star.left('Ann', 'replaced')
  bob.star.joined('Ann')
  network.settle()
  await environment.pass(5_000)
  expect(ann.closed).toEqual(['replaced'])
  expect(bob.ends).toEqual([])
  expect([[...again.playing], [...bob.playing]]).toEqual([['Bob'], ['mix']])
  expect([kinds(again), kinds(bob)]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
})

test('a line that was lost and is back: the host asks for the seat again and keeps the channel, guests need nothing', async () => {
  const ann = sit('Ann', ['Bob'])
  const bob = sit('Bob', ['Ann'])
  await environment.pass(300)
  expect([ann.seats, bob.seats, channel.opened]).toEqual([1, 1, 2])
  bob.star.left('Ann', 'disconnected')
  ann.refusal = new RequestError('disconnected', 'there is no connection')
  ann.star.meet(['Bob'])
  bob.star.meet(['Ann'])
  await environment.pass(100)
  ann.refusal = undefined
  await environment.pass(1_000)
  expect([ann.seats, bob.seats, channel.opened]).toEqual([3, 1, 2])
  expect([ann.ends, bob.ends]).toEqual([[], []])
  expect([kinds(ann), kinds(bob)]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
})

test('a host who comes back too late hears that it has ended', async () => {
  const ann = sit('Ann', [])
  await environment.pass(300)
  ann.refusal = new RequestError('notFound', 'there is no such voice room')
  ann.star.meet([])
  await environment.pass(100)
  expect(ann.ends).toEqual([{ kind: 'ended' }])
})

test('a host whose line is lost while a path is looked for is not taken for gone', async () => {
  sit('Ann', ['Bob'])
  const bob = sit('Bob', ['Ann'])
  await environment.pass(300)
  network.isPassable = false
  network.settle()
  bob.star.left('Ann', 'disconnected')
  expect(bob.ends).toEqual([])
  network.isPassable = true
  bob.star.joined('Ann')
  await environment.pass(5_000)
  expect(kinds(bob)).toEqual({ Ann: 'connected' })
})

test('a seat that the server puts off is asked for at the time that it tells', async () => {
  const bob = sit('Bob', ['Ann'])
  await environment.pass(300)
  bob.refusal = new RequestError('rateLimited', 'the channel is being made', 1_500)
  channel.cut()
  network.isPassable = false
  network.settle()
  bob.star.retry()
  await environment.pass(100)
  const asked = bob.seats
  bob.refusal = undefined
  await environment.pass(1_300)
  expect(bob.seats).toBe(asked)
  await environment.pass(200)
  expect(bob.seats).toBe(asked + 1)
})

test('relay credentials that end: the host has fresh ones for a newcomer, and both for another path', async () => {
  relayMs = 40_000
  const ann = sit('Ann', ['Bob'])
  const bob = sit('Bob', ['Ann'])
  await environment.pass(20_000)
  ann.star.joined('Cleo')
  await environment.pass(10_000)
  expect([ann.seats, bob.seats]).toEqual([1, 1])
  // The news of somebody can come after their offer.
  const cleo = sit('Cleo', ['Ann', 'Bob'])
  await environment.pass(300)
  const servers = (): unknown[] => network.open.map(({ configuration }) => configuration.iceServers)
  expect(kinds(cleo)).toEqual({ Ann: 'connected', Bob: 'connected' })
  expect(ann.seats).toBe(2)
  expect(servers().at(-1)).toEqual([{ urls: ['turn:relay?seat=2'] }])

  await environment.pass(30_000)
  ann.star.joined('Dan')
  await environment.pass(100)
  expect(ann.seats).toBe(3)

  await environment.pass(30_000)
  network.isPassable = false
  network.settle()
  await environment.pass(3_000)
  network.isPassable = true
  await environment.pass(3_000)
  expect([kinds(ann), kinds(bob)]).toEqual([{ Bob: 'connected', Cleo: 'connected', Dan: 'connecting' }, { Ann: 'connected' }])
  expect([ann.seats, bob.seats, cleo.seats, channel.opened]).toEqual([4, 2, 2, 3])
})

test('somebody whom the server cannot name is heard, and everybody is told that they are there', async () => {
  names.delete('id-of-Cleo')
  const ann = sit('Ann', ['Bob'])
  const bob = sit('Bob', ['Ann'])
  const cleo = sit('Cleo', ['Ann', 'Bob'])
  await environment.pass(500)
  const counts = (): number[] => [ann, bob, cleo].map(({ star }) => star.strangers.getSnapshot())
  expect(counts()).toEqual([1, 1, 1])
  expect([...ann.playing].toSorted()).toEqual(['Bob', 'id-of-Cleo'])
  expect(mixer.mixOf('id-of-Bob')).toEqual(['', 'id-of-Cleo'])
  expect(kinds(ann)).toEqual({ Bob: 'connected' })
  // Whoever knew the client id could pass for them.
  expect(Object.keys(Object.fromEntries(bob.star.levels()))).toEqual(['Ann'])

  names.set('id-of-Cleo', 'Cleo')
  ann.star.joined('Cleo')
  await environment.pass(500)
  expect(counts()).toEqual([0, 0, 0])
  expect([...ann.playing].toSorted()).toEqual(['Bob', 'Cleo'])
})

test('a guest whom the server does not count among those who talk is told of, until it does again', async () => {
  const ann = sit('Ann', ['Bob'])
  const bob = sit('Bob', ['Ann'])
  await environment.pass(300)
  ann.star.meet([])
  await environment.pass(500)
  expect([ann, bob].map(({ star }) => star.strangers.getSnapshot())).toEqual([1, 1])
  ann.star.joined('Bob')
  await environment.pass(500)
  expect([ann, bob].map(({ star }) => star.strangers.getSnapshot())).toEqual([0, 0])
})

test('a guest with another line comes to the channel under that line’s client id', async () => {
  const ann = sit('Ann', ['Bob'])
  const bob = sit('Bob', ['Ann'])
  await environment.pass(300)
  network.isPassable = false
  network.settle()
  ann.star.left('Bob', 'replaced')
  names = new Map([['id-of-Bob, second', 'Bob']])
  bob.clientId = 'id-of-Bob, second'
  bob.star.meet(['Ann'])
  ann.star.joined('Bob')
  network.isPassable = true
  await environment.pass(10_000)
  expect([kinds(ann), kinds(bob)]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
  expect([ann.star.strangers.getSnapshot(), [...mixer.listeners]]).toEqual([0, ['id-of-Bob, second']])
})

test('a guest whose line changes before the channel has opened calls all the same', async () => {
  const ann = sit('Ann', ['Bob'])
  await environment.pass(100)
  channel.isSilent = true
  const bob = sit('Bob', ['Ann'])
  await settle()
  expect(bob.seats).toBe(1)

  channel.isSilent = false
  bob.clientId = 'another-id-of-Bob'
  names.set('another-id-of-Bob', 'Bob')
  bob.star.meet(['Ann'])
  await environment.pass(300)
  expect([kinds(ann), kinds(bob)]).toEqual([{ Bob: 'connected' }, { Ann: 'connected' }])
})

test('names that cannot be had are asked for again; a person on another line replaces themselves', async () => {
  const ann = sit('Ann', ['Bob'])
  await environment.pass(100)
  ann.refusal = new RequestError('timeout', 'no answer')
  sit('Bob', ['Ann'])
  await environment.pass(500)
  expect([...ann.playing]).toEqual(['id-of-Bob'])
  expect(ann.star.strangers.getSnapshot()).toBe(1)
  ann.refusal = undefined
  await environment.pass(2_000)
  expect([...ann.playing]).toEqual(['Bob'])
  expect(ann.star.strangers.getSnapshot()).toBe(0)

  names = new Map([['id-of-Bob on a phone', 'Bob']])
  sit('Bob on a phone', ['Ann'])
  await environment.pass(500)
  expect([...mixer.listeners]).toEqual(['id-of-Bob on a phone'])
  expect([[...ann.playing], kinds(ann)]).toEqual([['Bob'], { Bob: 'connected' }])
})
