import { beforeEach, expect, test } from 'vitest'
import { FakeEnvironment, settle } from '../transport/fakes/environment'
import { FakeServer, LIMITS } from '../transport/fakes/server'
import { fakeVoice } from '../voice/fakes/parts'
import { Memory } from './memory'
import { type MemberRoom, unreadCount } from './rooms'
import { Session } from './session'

const CONFIG = { stage: 'local', region: 'us-east-1', webSocketUrl: 'ws://test/local', voice: { transport: 'mesh' } } as const
const ROOM = 'k3v9x0q2m7ab'

let environment: FakeEnvironment
let server: FakeServer

beforeEach(() => {
  localStorage.clear()
  sessionStorage.clear()
  environment = new FakeEnvironment()
  server = new FakeServer(environment)
})

async function signIn(name: string): Promise<Session> {
  const memory = new Memory(CONFIG.stage, localStorage, sessionStorage).of(name)
  const session = new Session({ config: CONFIG, name, memory, environment, openSocket: server.openSocket, voice: fakeVoice() })
  session.start()
  await settle()
  return session
}

function member(session: Session, roomId = ROOM): MemberRoom {
  const room = session.state.getSnapshot().rooms.get(roomId)
  if (room?.kind !== 'member') throw new Error(`${roomId} is ${room?.kind ?? 'unknown'}`)
  return room
}

function texts(session: Session, roomId = ROOM): string[] {
  return member(session, roomId).messages.map(({ message }) => message)
}

async function cutAndHeal(session: Session, meanwhile: () => void): Promise<void> {
  server.isReachable = false
  server.cut(session.state.getSnapshot().me)
  await settle()
  meanwhile()
  server.isReachable = true
  session.retryNow()
  await settle()
}

test('create, ask, approve, talk both ways', async () => {
  const alice = await signIn('Alice')
  const bob = await signIn('Bob')
  const roomId = await alice.createRoom('Team')
  expect(await bob.askToJoin(roomId)).toBe('pending')
  await settle()
  expect(bob.state.getSnapshot().rooms.get(roomId)?.kind).toBe('asking')
  expect(alice.notices.getSnapshot()).toMatchObject([{ kind: 'joinRequest', userId: 'Bob', roomName: 'Team' }])
  expect(member(alice, roomId).participants).toContainEqual({ userId: 'Bob', status: 'pending', isAdmin: false, online: true })

  alice.decide(roomId, 'Bob', 'approve')
  await settle()
  expect(alice.notices.getSnapshot()).toEqual([])
  expect(member(bob, roomId)).toMatchObject({ roomName: 'Team', isAdmin: false })
  expect(bob.notices.getSnapshot()).toMatchObject([{ kind: 'letIn', roomName: 'Team' }])

  alice.send(roomId, 'hi Bob')
  bob.send(roomId, 'hi Alice')
  await settle()
  for (const person of [alice, bob]) {
    expect(texts(person, roomId)).toEqual(['hi Bob', 'hi Alice'])
    expect(person.outbox.getSnapshot()).toEqual([])
  }
  expect(member(bob, roomId).participants.find(({ userId }) => userId === 'Alice')).toMatchObject({ isAdmin: true, online: true })
})

test('a declined request is told at once and may be made again', async () => {
  const alice = await signIn('Alice')
  const bob = await signIn('Bob')
  const roomId = await alice.createRoom('Team')
  await bob.askToJoin(roomId)
  alice.decide(roomId, 'Bob', 'reject')
  await settle()
  expect(bob.state.getSnapshot().rooms.get(roomId)?.kind).toBe('rejected')
  expect(member(alice, roomId).participants.map(({ userId }) => userId)).toEqual(['Alice'])
  expect(await bob.askToJoin(roomId)).toBe('pending')
})

test('one own message, however it comes back', async () => {
  server.addRoom(ROOM, 'Team', 'Alice')
  const alice = await signIn('Alice')
  alice.send(ROOM, 'once')
  await settle()
  const [stored] = server.rooms.get(ROOM)?.messages ?? []
  if (stored === undefined) throw new Error('not stored')
  server.push('Alice', { action: 'message', ...stored })
  await settle()
  expect(texts(alice)).toEqual(['once'])
})

test('what was said while the line was down is there afterwards, once and in order', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const alice = await signIn('Alice')
  server.say(ROOM, 'Bob', 'before')
  await environment.pass(60_000)
  await cutAndHeal(alice, () => {
    for (const text of ['one', 'two', 'three']) server.say(ROOM, 'Bob', text)
    alice.send(ROOM, 'written offline')
  })
  expect(texts(alice)).toEqual(['before', 'one', 'two', 'three', 'written offline'])
  expect(server.rooms.get(ROOM)?.messages).toHaveLength(5)
})

test('a message that was stored but never acknowledged is not sent twice', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const alice = await signIn('Alice')
  server.intercept = (request, from) => {
    if (request.action !== 'sendMessage') return undefined
    server.say(ROOM, from, request.message, request.clientMessageId)
    server.intercept = () => undefined
    // Its answer is lost with the line.
    server.cut('Alice')
    return { action: 'pong', timestamp: 0 }
  }
  alice.send(ROOM, 'once')
  await environment.pass(2000)
  expect(texts(alice)).toEqual(['once'])
  expect(server.rooms.get(ROOM)?.messages).toHaveLength(1)
  expect(alice.outbox.getSnapshot()).toEqual([])
})

test('news that arrives before the gap is filled does not hide the gap, nor does a second loss', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const alice = await signIn('Alice')
  server.say(ROOM, 'Bob', 'before')
  await environment.pass(60_000)
  await cutAndHeal(alice, () => {
    server.say(ROOM, 'Bob', 'missed')
    server.intercept = (request) => {
      if (request.action !== 'getHistory') return undefined
      // A push gets through, and then the line is lost again before the page comes.
      server.intercept = () => undefined
      server.say(ROOM, 'Bob', 'newest', undefined, 60_000)
      server.cut('Alice')
      return { action: 'pong', timestamp: 0 }
    }
  })
  expect(texts(alice)).toEqual(['before', 'newest'])
  await environment.pass(60_000)
  expect(texts(alice)).toEqual(['before', 'missed', 'newest'])
})

test('a message stored behind the last one, by a server whose clock is late, is found', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const alice = await signIn('Alice')
  server.say(ROOM, 'Bob', 'seen')
  await settle()
  await cutAndHeal(alice, () => {
    server.say(ROOM, 'Bob', 'late clock', undefined, -3000)
  })
  expect(texts(alice)).toEqual(['late clock', 'seen'])
})

test('a message that fell between the push and the history is found by a second look', async () => {
  const room = server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const alice = await signIn('Alice')
  const said = server.say(ROOM, 'Bob', 'heard')
  await settle()
  room.store({ ...said, messageId: `${said.messageId.slice(0, -1)}Z`, message: 'fell between' })
  await environment.pass(4000)
  expect(texts(alice)).toEqual(['heard'])
  await environment.pass(1000)
  expect(texts(alice)).toEqual(['heard', 'fell between'])
})

test('a room that the welcome forgot is listened to again', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const bob = await signIn('Bob')
  await cutAndHeal(bob, () => {
    server.intercept = (request, from) => {
      if (request.action !== 'hello') return undefined
      server.intercept = () => undefined
      return { action: 'welcome', userId: from, sessionToken: 'token-of-Bob', serverTime: 0, limits: LIMITS, rooms: [] }
    }
  })
  expect(member(bob).sync.kind).toBe('live')
  expect(server.received.filter(({ action }) => action === 'joinRoom')).toMatchObject([{ subAction: 'request', roomId: ROOM }])
})

test('a long gap is filled page by page, whatever the size of the pages', async () => {
  const room = server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  room.pageSize = 7
  const alice = await signIn('Alice')
  server.say(ROOM, 'Bob', '0')
  await environment.pass(60_000)
  const missed = Array.from({ length: 40 }, (_, index) => `${index + 1}`)
  await cutAndHeal(alice, () => {
    for (const text of missed) server.say(ROOM, 'Bob', text)
  })
  expect(texts(alice)).toEqual(['0', ...missed])
})

test('older messages come page by page until there are none', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const all = Array.from({ length: 120 }, (_, index) => `${index}`)
  for (const text of all) server.say(ROOM, 'Bob', text)
  const alice = await signIn('Alice')
  expect(texts(alice)).toEqual(all.slice(-50))
  alice.loadOlder(ROOM)
  alice.loadOlder(ROOM)
  await settle()
  expect(texts(alice)).toEqual(all.slice(-100))
  alice.loadOlder(ROOM)
  await settle()
  expect(texts(alice)).toEqual(all)
  expect(member(alice).older.kind).toBe('none')
})

test('unread counts messages of others since the room was last open, across a reload', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  server.addRoom('aaaaaaaaaaaa', 'Other', 'Alice', ['Bob'])
  const alice = await signIn('Alice')
  alice.attend(ROOM)
  server.say(ROOM, 'Bob', 'read at once')
  server.say('aaaaaaaaaaaa', 'Bob', 'not read')
  alice.send('aaaaaaaaaaaa', 'own words')
  await settle()
  expect([unreadCount(member(alice), 'Alice'), unreadCount(member(alice, 'aaaaaaaaaaaa'), 'Alice')]).toEqual([0, 1])
  alice.attend(undefined)
  alice.stop()
  server.say(ROOM, 'Bob', 'while away')
  const again = await signIn('Alice')
  expect(unreadCount(member(again), 'Alice')).toBe(1)
  again.attend(ROOM)
  expect(unreadCount(member(again), 'Alice')).toBe(0)
})

test('a request that was granted while the asker was away is told on return', async () => {
  const room = server.addRoom(ROOM, 'Team', 'Alice')
  const bob = await signIn('Bob')
  await bob.askToJoin(ROOM)
  bob.stop()
  room.decide('Bob', true)
  const again = await signIn('Bob')
  expect(member(again).roomName).toBe('Team')
  expect(again.notices.getSnapshot()).toMatchObject([{ kind: 'letIn', roomName: 'Team' }])
})

test('sending where one is no longer a member fails in the open', async () => {
  const room = server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const bob = await signIn('Bob')
  room.remove('Bob')
  bob.send(ROOM, 'let me in')
  await settle()
  expect(bob.outbox.getSnapshot()).toMatchObject([{ text: 'let me in', status: { kind: 'failed', code: 'forbidden' } }])
  expect(room.messages).toEqual([])
})

test('membership lost while away shows on return', async () => {
  const room = server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const bob = await signIn('Bob')
  await cutAndHeal(bob, () => room.remove('Bob'))
  expect(bob.state.getSnapshot().rooms.get(ROOM)).toEqual({ kind: 'gone', roomId: ROOM, roomName: 'Team', hasEnded: false })
})

test('a room that its last member left in another tab has ended', async () => {
  server.addRoom(ROOM, 'Team', 'Alice')
  const alice = await signIn('Alice')
  server.push('Alice', { action: 'memberLeft', roomId: ROOM, userId: 'Alice' })
  await settle()
  expect(alice.state.getSnapshot().rooms.get(ROOM)).toMatchObject({ kind: 'gone', hasEnded: true })
})

test('a crowd comes in pages and is known whole', async () => {
  const crowd = Array.from({ length: 25 }, (_, place) => `Member ${place}`)
  server.addRoom(ROOM, 'Team', 'Alice', crowd).peoplePageSize = 10
  const alice = await signIn('Alice')
  expect(member(alice).participants).toHaveLength(26)
  expect(member(alice).isAdmin).toBe(true)
})

test('a list of people that cannot be had is said, and can be asked for again', async () => {
  server.addRoom(ROOM, 'Team', 'Alice')
  server.intercept = ({ action }) => (action === 'getMembers' ? { action: 'error', code: 'internal', message: 'trouble' } : undefined)
  const alice = await signIn('Alice')
  await environment.pass(60_000)
  expect(member(alice).trouble).toMatchObject({ code: 'internal' })
  server.intercept = () => undefined
  alice.refresh(ROOM)
  await settle()
  expect(member(alice).trouble).toBeUndefined()
  expect(member(alice).participants).toHaveLength(1)
})

test('who comes and goes shows to the others', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const alice = await signIn('Alice')
  const isBobOnline = (): boolean | undefined => member(alice).participants.find(({ userId }) => userId === 'Bob')?.online
  expect(isBobOnline()).toBe(false)
  const bob = await signIn('Bob')
  expect(isBobOnline()).toBe(true)
  bob.stop()
  await settle()
  expect(isBobOnline()).toBe(false)
})

test('leaving takes the room away here and the person away there', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const alice = await signIn('Alice')
  const bob = await signIn('Bob')
  expect(await bob.leave(ROOM)).toBe(true)
  await settle()
  expect(bob.state.getSnapshot().rooms.size).toBe(0)
  expect(member(alice).participants.map(({ userId }) => userId)).toEqual(['Alice'])
})

test('whoever follows a leaving admin can decide at once', async () => {
  server.addRoom(ROOM, 'Team', 'Alice', ['Bob'])
  const alice = await signIn('Alice')
  const bob = await signIn('Bob')
  await alice.leave(ROOM)
  await settle()
  expect(member(bob).isAdmin).toBe(true)
})

test('a decision that was refused is reported and the list asked for afresh', async () => {
  const room = server.addRoom(ROOM, 'Team', 'Alice')
  const alice = await signIn('Alice')
  room.ask('Bob')
  server.push('Alice', { action: 'joinRequest', roomId: ROOM, userId: 'Bob' })
  await settle()
  server.intercept = (request) =>
    request.action === 'joinRoom' ? { action: 'error', code: 'conflict', message: 'this was decided already' } : undefined
  room.decide('Bob', true)
  alice.decide(ROOM, 'Bob', 'reject')
  await settle()
  expect(alice.notices.getSnapshot()).toMatchObject([{ kind: 'failed', what: 'decide', code: 'conflict' }])
  expect(member(alice).participants).toContainEqual({ userId: 'Bob', status: 'approved', isAdmin: false, online: false })
})
