import { beforeEach, expect, test } from 'vitest'
import { Connection, type Welcome } from './connection'
import { FakeEnvironment, settle } from './fakes/environment'
import { FakeServer } from './fakes/server'
import type { ServerMessage } from './protocol.gen'

let environment: FakeEnvironment
let server: FakeServer
let connection: Connection
let welcomes: Welcome[]
let pushes: ServerMessage[]

beforeEach(() => {
  environment = new FakeEnvironment()
  server = new FakeServer(environment)
  welcomes = []
  pushes = []
  connection = new Connection({
    url: () => `ws://test/local?userId=Alice${welcomes.length > 0 ? '&session=token-of-Alice' : ''}`,
    openSocket: server.openSocket,
    environment,
    events: { welcomed: (welcome) => welcomes.push(welcome), pushed: (push) => pushes.push(push) },
  })
})

async function connect(): Promise<void> {
  connection.start()
  expect(connection.state.getSnapshot().kind).toBe('connecting')
  await settle()
  expect(connection.state.getSnapshot().kind).toBe('online')
}

test('says hello and is online once welcomed', async () => {
  await connect()
  expect(server.received.map(({ action }) => action)).toEqual(['hello'])
  expect(welcomes).toHaveLength(1)
})

test('a lost line is opened again after a growing, jittered wait', async () => {
  await connect()
  server.isReachable = false
  server.cut('Alice')
  await settle()
  const waits: number[] = []
  for (let attempt = 0; attempt < 14; attempt += 1) {
    const state = connection.state.getSnapshot()
    if (state.kind !== 'reconnecting') throw new Error(`unexpected ${state.kind}`)
    waits.push(state.retryAt - environment.now())
    await environment.pass(state.retryAt - environment.now())
  }
  expect(waits).toEqual([200, 200, 200, 300, 450, 675, 1013, 1519, 2279, 3418, 5127, 7691, 10_000, 10_000])
  server.isReachable = true
  await environment.pass(10_000)
  expect(connection.state.getSnapshot().kind).toBe('online')
  expect(welcomes).toHaveLength(2)
})

test('the wait can be cut short by hand', async () => {
  await connect()
  environment.chance = 0.99
  server.cut('Alice')
  await settle()
  expect(connection.state.getSnapshot().kind).toBe('reconnecting')
  connection.retryNow()
  await settle()
  expect(connection.state.getSnapshot().kind).toBe('online')
})

test.each(['conflict', 'badRequest', 'unauthorized', 'forbidden'] as const)('a refusal with %s is final', async (code) => {
  server.isMute = true
  connection.start()
  await settle()
  server.push('Alice', { action: 'error', code, message: 'no' })
  await environment.pass(120_000)
  expect(connection.state.getSnapshot()).toEqual({ kind: 'refused', code, message: 'no' })
  expect(server.attempts).toBe(1)
})

test('a hello that is refused for another reason than having no identity is final', async () => {
  server.intercept = () => ({ action: 'error', code: 'conflict', message: 'the name was taken meanwhile' })
  connection.start()
  await environment.pass(120_000)
  expect(connection.state.getSnapshot()).toMatchObject({ kind: 'refused', code: 'conflict' })
  expect(server.attempts).toBe(1)
})

test('the reason for a refusal is waited for where the answer to hello overtakes it', async () => {
  await connect()
  const other = new Connection({
    url: () => 'ws://test/local?userId=Alice',
    openSocket: server.openSocket,
    environment,
    events: { welcomed: () => undefined, pushed: () => undefined },
  })
  other.start()
  await settle()
  expect(other.state.getSnapshot().kind).toBe('connecting')
  await environment.pass(120_000)
  expect(other.state.getSnapshot()).toEqual({ kind: 'refused', code: 'conflict', message: 'the name is in use' })
  expect(server.attempts).toBe(2)
})

test('having no identity, without a reason, is a server in trouble', async () => {
  server.intercept = () => ({ action: 'error', code: 'unauthorized', message: 'this connection has no identity' })
  connection.start()
  await environment.pass(4000)
  expect(connection.state.getSnapshot().kind).toBe('reconnecting')
})

test('a server in trouble is tried again', async () => {
  server.intercept = () => ({ action: 'error', code: 'internal', message: 'trouble' })
  connection.start()
  await settle()
  expect(connection.state.getSnapshot().kind).toBe('reconnecting')
  server.intercept = () => undefined
  await environment.pass(1000)
  expect(connection.state.getSnapshot().kind).toBe('online')
})

test('answers find their requests, whatever their order, and pushes go past them', async () => {
  await connect()
  server.addRoom('r1', 'One', 'Alice')
  server.addRoom('r2', 'Two', 'Alice')
  const answers = Promise.all([
    connection.request({ action: 'getMembers', roomId: 'r1' }),
    connection.request({ action: 'getMembers', roomId: 'r2' }),
  ])
  server.push('Alice', { action: 'presence', roomId: 'r1', userId: 'Bob', online: true })
  expect((await answers).map(({ roomName }) => roomName)).toEqual(['One', 'Two'])
  expect(pushes).toHaveLength(1)
})

test('a refused request rejects with the code', async () => {
  await connect()
  await expect(connection.request({ action: 'getMembers', roomId: 'none' })).rejects.toMatchObject({ code: 'notFound' })
})

test('a request fails at once when the line is lost', async () => {
  await connect()
  server.isMute = true
  const request = connection.request({ action: 'getMembers', roomId: 'r1' })
  server.cut('Alice')
  await expect(request).rejects.toMatchObject({ code: 'disconnected' })
  await expect(connection.request({ action: 'ping' })).rejects.toMatchObject({ code: 'disconnected' })
})

test('silence after a request means that the line is dead', async () => {
  await connect()
  server.isMute = true
  const outcome = connection.request({ action: 'ping' }).catch((error: unknown) => error)
  await environment.pass(12_000)
  expect(await outcome).toMatchObject({ code: 'timeout' })
  expect(connection.state.getSnapshot().kind).toBe('reconnecting')
})

test('a ping goes out every four minutes, well before the ten of the gateway', async () => {
  await connect()
  await environment.pass(20 * 60_000)
  expect(server.received.filter(({ action }) => action === 'ping')).toHaveLength(5)
  expect(server.attempts).toBe(1)
})

test('the heartbeat finds a dead line', async () => {
  await connect()
  server.isMute = true
  await environment.pass(240_000 + 12_000)
  expect(connection.state.getSnapshot().kind).toBe('reconnecting')
})

test('a change of network asks the line first, and trusts an answer more than the device', async () => {
  await connect()
  environment.setOnline(false)
  await environment.pass(5000)
  expect(connection.state.getSnapshot().kind).toBe('online')
  server.isMute = true
  environment.setOnline(false)
  await environment.pass(4000)
  expect(connection.state.getSnapshot().kind).toBe('offline')
})

test('coming back online does not wait', async () => {
  await connect()
  environment.chance = 0.99
  environment.setOnline(false)
  server.isReachable = false
  server.cut('Alice')
  await environment.pass(60_000)
  expect(connection.state.getSnapshot().kind).toBe('offline')
  server.isReachable = true
  environment.setOnline(true)
  await settle()
  expect(connection.state.getSnapshot().kind).toBe('online')
})

test('after stop nothing is tried any more', async () => {
  await connect()
  connection.stop()
  await environment.pass(600_000)
  expect(server.attempts).toBe(1)
  expect(server.isConnected('Alice')).toBe(false)
})
