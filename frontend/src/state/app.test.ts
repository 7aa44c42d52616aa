import { beforeEach, expect, test } from 'vitest'
import { FakeEnvironment, settle } from '../transport/fakes/environment'
import { FakeServer } from '../transport/fakes/server'
import { fakeVoice } from '../voice/fakes/parts'
import { App } from './app'
import { Memory, storageOf } from './memory'
import { Router } from './route'

const CONFIG = '{"stage":"local","region":"us-east-1","webSocketUrl":"ws://test/local"}'
const ROOM = 'k3v9x0q2m7ab'

let environment: FakeEnvironment
let server: FakeServer

beforeEach(() => {
  localStorage.clear()
  sessionStorage.clear()
  window.location.hash = ''
  environment = new FakeEnvironment()
  server = new FakeServer(environment)
})

async function open(config: string | undefined = CONFIG): Promise<App> {
  const app = new App({
    fetcher: () => Promise.resolve(new Response(config)),
    environment,
    openSocket: server.openSocket,
    voice: fakeVoice(),
    router: new Router(window),
    browserStorage: localStorage,
    tabStorage: sessionStorage,
  })
  await app.start()
  await settle()
  return app
}

async function openAs(name: string): Promise<App> {
  const app = await open()
  app.signIn(name)
  await settle()
  return app
}

test('without a usable configuration the app says so and can try again', async () => {
  const app = await open('<!doctype html>')
  expect(app.state.getSnapshot()).toMatchObject({ kind: 'broken', fault: 'malformed' })
  await app.start()
  expect(app.state.getSnapshot().kind).toBe('broken')
})

test('asks for a name, signs in, and a reload resumes the same person in the same room', async () => {
  server.addRoom(ROOM, 'Team', 'Alice')
  const app = await open()
  expect(app.state.getSnapshot()).toMatchObject({ kind: 'signedOut', problem: undefined })
  app.signIn('Alice')
  expect(app.state.getSnapshot().kind).toBe('signingIn')
  await settle()
  expect(app.state.getSnapshot().kind).toBe('signedIn')
  app.router.go({ kind: 'room', roomId: ROOM })

  window.location.hash = ''
  const again = await open()
  expect(again.state.getSnapshot().kind).toBe('signedIn')
  expect(again.router.route.getSnapshot()).toEqual({ kind: 'room', roomId: ROOM })
  expect(server.attempts).toBe(2)
})

test('another tab knows the name but asks', async () => {
  await openAs('Alice')
  sessionStorage.clear()
  const other = await open()
  expect(other.state.getSnapshot()).toMatchObject({ kind: 'signedOut', name: 'Alice' })
  other.signIn('Alice')
  await settle()
  expect(other.state.getSnapshot().kind).toBe('signedIn')
})

test('a taken name comes back to the form with the reason, and nothing reconnects', async () => {
  await openAs('Alice')
  localStorage.clear()
  sessionStorage.clear()
  const other = await openAs('Alice')
  await environment.pass(120_000)
  expect(other.state.getSnapshot()).toMatchObject({
    kind: 'signedOut',
    name: 'Alice',
    problem: { kind: 'nameTaken', name: 'Alice' },
  })
  expect(server.attempts).toBe(2)
})

test('a name that was lost while its owner was away is said, and the rooms wait', async () => {
  const app = await openAs('Alice')
  server.takeName('Alice')
  server.cut('Alice')
  await environment.pass(60_000)
  expect(app.state.getSnapshot()).toMatchObject({ kind: 'signedOut', name: 'Alice', problem: { kind: 'nameLost', name: 'Alice' } })
  expect(localStorage.getItem('chatctl:local:token:alice')).toBe('token-of-Alice')
})

test('a tab that the server ended in favour of newer ones does not fight for its place', async () => {
  const app = await openAs('Alice')
  server.push('Alice', { action: 'error', code: 'conflict', message: 'this was the oldest connection' })
  await environment.pass(60_000)
  expect(app.state.getSnapshot()).toMatchObject({ kind: 'signedOut', problem: { kind: 'displaced', name: 'Alice' } })
  expect(server.attempts).toBe(1)
  app.signIn('Alice')
  await settle()
  expect(app.state.getSnapshot().kind).toBe('signedIn')
})

test('a session that is no longer taken is dropped, said, and the name can be joined with afresh', async () => {
  await openAs('Alice')
  server = new FakeServer(environment)
  const app = await open()
  await environment.pass(1000)
  expect(app.state.getSnapshot()).toMatchObject({ kind: 'signedOut', name: 'Alice', problem: { kind: 'sessionEnded' } })
  expect(localStorage.getItem('chatctl:local:token:alice')).toBeNull()
  app.signIn('Alice')
  await settle()
  expect(app.state.getSnapshot().kind).toBe('signedIn')
})

test('signing out keeps the person or forgets them', async () => {
  const app = await openAs('Alice')
  app.signOut('keep')
  expect(app.state.getSnapshot()).toMatchObject({ kind: 'signedOut', name: 'Alice' })
  expect(localStorage.getItem('chatctl:local:token:alice')).toBe('token-of-Alice')
  app.signIn('Alice')
  await settle()
  app.signOut('forget')
  expect(app.state.getSnapshot()).toMatchObject({ kind: 'signedOut', name: '' })
  expect(localStorage.getItem('chatctl:local:token:alice')).toBeNull()
})

test('a browser that forbids storage costs memory and nothing else', () => {
  const storage = storageOf(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  const memory = new Memory('local', storage, storage)
  memory.signIn('Alice')
  expect([memory.name, memory.openRoom]).toEqual(['Alice', undefined])
  memory.signOut()
  expect(memory.name).toBeUndefined()
  expect(storageOf(() => localStorage)).toBe(localStorage)
})
