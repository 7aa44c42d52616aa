/** Fetches what a room lacks: who is in it, and the messages since the last one held. */

import type { Connection } from '../transport/connection'
import type { Environment } from '../transport/environment'
import { asRequestError } from '../transport/errors'
import type { ChatMessage, ClientMessage, Participant } from '../transport/protocol.gen'
import type { AnswerTo } from '../transport/requests'
import type { MemberRoom, Older } from './rooms'
import { type RoomVoice, roomVoice } from './roomVoice'
import { earlier } from './ulid'

/**
 * Ids of senders that speak at the same time are ordered by their servers' clocks only, so a message
 * may be stored behind one that is already here. Asking from a little earlier finds it; repeats are dropped.
 */
export const CLOCK_TOLERANCE_MS = 5_000
const PAGE = 50
const ATTEMPTS = 4
const RETRY_MS = 1_000

export interface People {
  readonly roomName: string
  readonly participants: readonly Participant[]
  readonly voice: RoomVoice
}

export interface Missing {
  readonly messages: readonly ChatMessage[]
  /** Set when the room had no messages yet. */
  readonly older: Older | undefined
}

export class CatchUp {
  readonly #connection: Pick<Connection, 'request'>
  readonly #environment: Environment

  constructor(connection: Pick<Connection, 'request'>, environment: Environment) {
    this.#connection = connection
    this.#environment = environment
  }

  /** Rejects with a `RequestError`. */
  async people(roomId: string): Promise<People> {
    const { roomName, participants, voice, next } = await this.#ask({ action: 'getMembers', roomId })
    const rest = next === undefined ? [] : await this.#peopleAfter(roomId, next)
    return { roomName, participants: [...participants, ...rest], voice: roomVoice(voice) }
  }

  async #peopleAfter(roomId: string, first: string): Promise<readonly Participant[]> {
    const found: Participant[] = []
    let after: string | undefined = first
    while (after !== undefined) {
      // Each page starts where the one before it ended.
      // oxlint-disable-next-line no-await-in-loop
      const { participants, next }: AnswerTo<'getMembers'> = await this.#ask({ action: 'getMembers', roomId, after })
      found.push(...participants)
      after = next === after ? undefined : next
    }
    return found
  }

  /** The messages since the gap began, or the newest page. Rejects with a `RequestError`. */
  async missing({ roomId, sync, messages }: MemberRoom): Promise<Missing> {
    const from = sync.kind === 'behind' ? sync.from : messages.at(-1)?.messageId
    if (from === undefined) return await this.before(roomId, undefined)
    return { messages: await this.#since(roomId, from), older: undefined }
  }

  /** The page before an id, or the newest one. */
  async before(roomId: string, before: string | undefined): Promise<{ messages: readonly ChatMessage[]; older: Older }> {
    const page = await this.#ask({ action: 'getHistory', roomId, limit: PAGE, ...(before === undefined ? {} : { before }) })
    const { messages, nextBefore } = page
    return { messages, older: nextBefore === undefined ? { kind: 'none' } : { kind: 'more', before: nextBefore } }
  }

  /** Page after page until one is empty: a page may be short because its messages are long. */
  async #since(roomId: string, from: string): Promise<readonly ChatMessage[]> {
    const found: ChatMessage[] = []
    let after = earlier(from, CLOCK_TOLERANCE_MS)
    for (;;) {
      // Each page starts where the one before it ended.
      // oxlint-disable-next-line no-await-in-loop
      const { messages } = await this.#ask({ action: 'getHistory', roomId, after })
      const last = messages.at(-1)?.messageId
      if (last === undefined || last <= after) return found
      found.push(...messages)
      after = last
    }
  }

  async #ask<M extends ClientMessage>(message: M, attempt = 1): Promise<AnswerTo<M['action']>> {
    try {
      return await this.#connection.request(message)
    } catch (thrown) {
      const { code, retryAfterMs } = asRequestError(thrown)
      if (attempt === ATTEMPTS || (code !== 'rateLimited' && code !== 'internal')) throw thrown
      await new Promise<void>((resolve) => {
        this.#environment.after(retryAfterMs ?? RETRY_MS * attempt, resolve)
      })
      return await this.#ask(message, attempt + 1)
    }
  }
}
