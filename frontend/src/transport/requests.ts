/** Requests that wait for their answer, and messages that only a refusal answers, matched by `requestId`. Knows nothing of sockets. */

import type { Cancel, Environment } from './environment'
import { RequestError } from './errors'
import type { ClientMessage, Reply, ServerMessage } from './protocol.gen'

type Action = ClientMessage['action']

/** The kind of message that answers each request. */
const ANSWERS = {
  createRoom: 'roomCreated',
  joinRoom: 'joinResponse',
  sendMessage: 'messageAck',
  getMembers: 'roomMembers',
  leaveRoom: 'roomLeft',
  getHistory: 'history',
  hello: 'welcome',
  ping: 'pong',
  voiceSignal: 'voiceSignal',
  createVoiceRoom: 'voiceRoomCreated',
  getVoiceCredentials: 'voiceCredentials',
  endVoiceRoom: 'voiceRoomEnded',
} as const satisfies Record<Action, ServerMessage['action']>

export type AnswerTo<A extends Action> = Extract<ServerMessage, { action: (typeof ANSWERS)[A] }>

interface Waiting {
  readonly expected: ServerMessage['action']
  readonly resolve: (answer: ServerMessage) => void
  readonly reject: (error: RequestError) => void
  readonly cancelTimeout: Cancel
}

/** Hears why what it told was refused. */
export type Refused = (error: RequestError) => void

interface Told {
  readonly refused: Refused
  readonly cancelTimeout: Cancel
}

export class Requests {
  readonly #environment: Environment
  readonly #waiting = new Map<string, Waiting>()
  readonly #told = new Map<string, Told>()

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** Gives the message an id, sends it with `send` and waits for its answer. */
  start<M extends ClientMessage>(message: M, timeoutMs: number, send: (text: string) => void): Promise<AnswerTo<M['action']>> {
    const requestId = this.#environment.newId()
    return new Promise<AnswerTo<M['action']>>((resolve, reject) => {
      const cancelTimeout = this.#environment.after(timeoutMs, () => {
        this.#waiting.delete(requestId)
        reject(new RequestError('timeout', `no answer to ${message.action} within ${timeoutMs} ms`))
      })
      this.#waiting.set(requestId, {
        expected: ANSWERS[message.action],
        // `settle` has compared the kind of the answer with `expected`.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        resolve: (answer) => resolve(answer as AnswerTo<M['action']>),
        reject,
        cancelTimeout,
      })
      send(JSON.stringify({ ...message, requestId }))
    })
  }

  /** Gives the message an id and sends it with `send`. A refusal that comes within `withinMs` is handed to `refused`. */
  tell(message: ClientMessage, withinMs: number, send: (text: string) => void, refused: Refused | undefined): void {
    const requestId = this.#environment.newId()
    if (refused !== undefined) this.#told.set(requestId, { refused, cancelTimeout: this.#environment.after(withinMs, () => this.#told.delete(requestId)) })
    send(JSON.stringify({ ...message, requestId }))
  }

  /** Hands an answer to its request; false where nobody waits for it. */
  settle(reply: Reply): boolean {
    if (reply.requestId === undefined) return false
    if (reply.action === 'error' && this.#settleTold(reply.requestId, errorOf(reply))) return true
    const waiting = this.#waiting.get(reply.requestId)
    if (waiting === undefined) return false
    this.#waiting.delete(reply.requestId)
    waiting.cancelTimeout()
    if (reply.action === 'error') waiting.reject(errorOf(reply))
    else if (reply.action === waiting.expected) waiting.resolve(reply)
    else waiting.reject(new RequestError('internal', `expected ${waiting.expected}, got ${reply.action}`))
    return true
  }

  /** The line is gone: no answer will come. */
  failAll(): void {
    const abandoned = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { cancelTimeout } of this.#told.values()) cancelTimeout()
    this.#told.clear()
    for (const { reject, cancelTimeout } of abandoned) {
      cancelTimeout()
      reject(new RequestError('disconnected', 'the connection was lost before the answer came'))
    }
  }
  #settleTold(requestId: string, error: RequestError): boolean {
    const told = this.#told.get(requestId)
    if (told === undefined) return false
    this.#told.delete(requestId)
    told.cancelTimeout()
    told.refused(error)
    return true
  }
}

function errorOf({ code, message, retryAfterMs }: Extract<ServerMessage, { action: 'error' }>): RequestError {
  return new RequestError(code, message, retryAfterMs)
}
