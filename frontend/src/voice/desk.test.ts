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
    if (message.action === 'createVoiceRoom') return { action: 'voiceRoomCreated', voiceRoomId: this.star }
    if (message.action !== 'getVoiceCredentials' || message.voiceRoomId !== this.star) throw new RequestError('notFound', 'there is no such voice room')
    return { action: 'voiceCredentials', role: this.role, endpoints: [], iceServers: [] }
  }
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
  const desk = new Desk(server, 'room', undefined)
  await seated(desk)
  desk.close(why)
  expect(server.asked).toEqual(told)
})

test('a guest who leaves ends nothing', async () => {
  server.role = 'VIEWER'
  const desk = new Desk(server, 'room', undefined)
  await seated(desk)
  desk.close('left')
  expect(server.asked).toEqual([])
})

test.each([
  ['left', undefined, ['createVoiceRoom', 'endVoiceRoom star-1']],
  ['ended', 'star-0', ['createVoiceRoom', 'endVoiceRoom star-1']],
  ['left', 'star-1', ['createVoiceRoom']],
  ['replaced', undefined, ['createVoiceRoom']],
] as const)('closed (%s) while a star is opened, where there was %s: no seat is asked for, and what was made ends', async (why, former, asked) => {
  const desk = new Desk(server, 'room', former)
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
  // As on another page of the host: only the seat tells whose star it is.
  const desk = new Desk(server, 'room', 'star-1')
  const seat = desk.seat().catch((thrown: unknown) => thrown)
  await server.answer()
  server.asked.length = 0
  desk.close(why)
  await server.answer()
  expect(await seat).toMatchObject({ code: 'disconnected' })
  expect(server.asked).toEqual(told)
})

test('a star that ended before there was a seat is opened anew, once; one that ended later is not', async () => {
  const desk = new Desk(server, 'room', undefined)
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
