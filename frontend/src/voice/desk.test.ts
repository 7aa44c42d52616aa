import { beforeEach, expect, test } from 'vitest'
import { RequestError } from '../transport/errors'
import type { ClientMessage } from '../transport/protocol.gen'
import type { AnswerTo } from '../transport/requests'
import { settle } from '../transport/fakes/environment'
import { Desk } from './desk'

/** The server's side: one star at a time, answered when the test says so. */
class Server {
  role: 'MASTER' | 'VIEWER' = 'MASTER'
  star = 'star-1'
  /** Who has started the star. */
  starter = 'Ann'
  readonly asked: string[] = []
  #waiting: (() => void)[] = []

  readonly request = async <M extends ClientMessage>(message: M): Promise<AnswerTo<M['action']>> => {
    this.asked.push(message.action)
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#answer(message) as AnswerTo<M['action']>
  }

  readonly tell = (message: ClientMessage): void => {
    this.asked.push(`${message.action} ${'voiceRoomId' in message ? message.voiceRoomId : ''}`)
  }

  /** Answers what was asked so far. */
  async answer(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
    await settle()
  }

  #answer(message: ClientMessage): object {
    if (message.action === 'createVoiceRoom') return { action: 'voiceRoomCreated', voiceRoomId: this.star, masterUserId: this.starter }
    if (message.action === 'getMembers') return MEMBERS
    if (message.action !== 'getVoiceCredentials' || message.voiceRoomId !== this.star) throw new RequestError('notFound', 'there is no such voice room')
    return { action: 'voiceCredentials', role: this.role, endpoints: [], iceServers: [] }
  }
}

const MEMBERS = {
  action: 'roomMembers',
  voice: { participants: [{ userId: 'Ann', muted: false, clientId: 'c-1' }, { userId: 'Bob', muted: false, clientId: 'c-2' }, { userId: 'Cleo', muted: false }] },
}

let server: Server

beforeEach(() => {
  server = new Server()
})

async function seated(desk: Desk): Promise<void> {
  const seat = desk.seat()
  await server.answer()
  await server.answer()
  await seat
  server.asked.length = 0
}

test.each([
  ['left', ['endVoiceRoom star-1']],
  ['replaced', []],
  ['ended', []],
  ['roomGone', []],
] as const)('a host who is out of it (%s) ends the star only by leaving', async (why, told) => {
  const desk = new Desk(server, 'room', 'Ann')
  await seated(desk)
  desk.close(why)
  expect(server.asked).toEqual(told)
})

test('a guest who leaves ends nothing', async () => {
  server.role = 'VIEWER'
  const desk = new Desk(server, 'room', 'Ann')
  await seated(desk)
  desk.close('left')
  expect(server.asked).toEqual([])
})

test.each([
  ['left', 'Ann', ['createVoiceRoom', 'endVoiceRoom star-1']],
  ['ended', 'Ann', ['createVoiceRoom', 'endVoiceRoom star-1']],
  ['left', 'Bob', ['createVoiceRoom']],
  ['replaced', 'Ann', ['createVoiceRoom']],
] as const)('closed (%s) while a star is opened, which %s has started: no seat is asked for, and what is ours ends', async (why, starter, asked) => {
  server.starter = starter
  const desk = new Desk(server, 'room', 'Ann')
  const seat = desk.seat().catch((thrown: unknown) => thrown)
  desk.close(why)
  await server.answer()
  expect(await seat).toMatchObject({ code: 'disconnected' })
  expect(server.asked).toEqual(asked)
})

test.each([
  ['MASTER', 'left', ['endVoiceRoom star-1']],
  ['MASTER', 'replaced', []],
  ['VIEWER', 'left', []],
] as const)('closed while a seat is made (%s, %s): the host ends the star', async (role, why, told) => {
  server.role = role
  server.starter = role === 'MASTER' ? 'Ann' : 'Bob'
  const desk = new Desk(server, 'room', 'Ann')
  const seat = desk.seat().catch((thrown: unknown) => thrown)
  await server.answer()
  server.asked.length = 0
  desk.close(why)
  await server.answer()
  expect(await seat).toMatchObject({ code: 'disconnected' })
  expect(server.asked).toEqual(told)
})

test('a star that ended before there was a seat is opened anew, once; one that ended later is not', async () => {
  const desk = new Desk(server, 'room', 'Ann')
  const seat = desk.seat()
  await server.answer()
  server.star = 'star-2'
  for (let round = 0; round < 3; round += 1) await server.answer()
  await seat
  expect(desk.voiceRoomId).toBe('star-2')
  expect(server.asked).toEqual(['createVoiceRoom', 'getVoiceCredentials', 'createVoiceRoom', 'getVoiceCredentials'])

  server.asked.length = 0
  server.star = 'star-3'
  const again = desk.seat().catch((thrown: unknown) => thrown)
  await server.answer()
  expect(await again).toMatchObject({ code: 'notFound' })
  expect(server.asked).toEqual(['getVoiceCredentials'])
})

test('the host learns who is behind which client id', async () => {
  const desk = new Desk(server, 'room', 'Ann')
  const guests = desk.guests()
  await server.answer()
  expect(Object.fromEntries(await guests)).toEqual({ 'c-1': 'Ann', 'c-2': 'Bob' })
})
