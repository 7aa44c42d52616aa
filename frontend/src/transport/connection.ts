/**
 * One person's line to the server: opens a socket, says hello, notices when the line is dead and opens
 * the next one. It keeps no messages and knows no rooms.
 */

import { type Observable, Variable } from '../observable'
import { fullJitter } from './backoff'
import { decodeFrame } from './decode'
import type { Cancel, Environment } from './environment'
import { asRequestError, RequestError } from './errors'
import type { ClientMessage, ErrorCode, Reply, ServerMessage } from './protocol.gen'
import { type AnswerTo, type Refused, Requests } from './requests'
import type { Socket, SocketFactory } from './socket'

export type Welcome = AnswerTo<'hello'>

export type ConnectionState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online' }
  /** The line is down; the next attempt is at `retryAt`, ms since the epoch. */
  | { readonly kind: 'reconnecting'; readonly retryAt: number }
  /** The same, and the device itself says that it has no network. */
  | { readonly kind: 'offline'; readonly retryAt: number }
  /** The server does not take this person; trying again would change nothing. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }
  /** The person has connected so often that the server ended this line, their oldest. */
  | { readonly kind: 'displaced' }

export interface ConnectionEvents {
  welcomed(welcome: Welcome): void
  /** Whatever no request waits for. */
  pushed(message: ServerMessage): void
}

export interface ConnectionOptions {
  /** Asked before each attempt, since the session token changes. */
  readonly url: () => string
  readonly openSocket: SocketFactory
  readonly environment: Environment
  readonly events: ConnectionEvents
}

/** API Gateway closes a connection that is silent for 10 minutes; this also finds dead lines. */
const HEARTBEAT_MS = 240_000
const REQUEST_TIMEOUT_MS = 12_000
const HANDSHAKE_TIMEOUT_MS = 12_000
const PROBE_TIMEOUT_MS = 4_000
const REASON_TIMEOUT_MS = 4_000

/** Refusals of a person, as opposed to troubles of a server, which pass. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['badRequest', 'unauthorized', 'forbidden', 'conflict'])

export class Connection {
  readonly #options: ConnectionOptions
  readonly #requests: Requests
  readonly #state = new Variable<ConnectionState>({ kind: 'stopped' })
  #socket: Socket | undefined
  #cancelTimer: Cancel = () => undefined
  #unwatchNetwork: Cancel = () => undefined
  #attempt = 0
  /** When the outage began. */
  #lostAt: number | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#requests = new Requests(options.environment)
  }

  get state(): Observable<ConnectionState> {
    return this.#state
  }

  start(): void {
    if (this.#state.getSnapshot().kind !== 'stopped') return
    this.#unwatchNetwork = this.#options.environment.onNetworkChange(() => this.#networkChanged())
    this.#open()
  }

  stop(): void {
    this.#unwatchNetwork()
    this.#drop()
    this.#state.set({ kind: 'stopped' })
  }

  /** Does not wait for the next attempt's time. */
  retryNow(): void {
    const { kind } = this.#state.getSnapshot()
    if (kind === 'reconnecting' || kind === 'offline') this.#open()
  }

  /** Asks whether the line is alive, and replaces it where no answer comes soon. */
  probe(): void {
    if (this.#state.getSnapshot().kind !== 'online') return
    this.#ping(PROBE_TIMEOUT_MS)
  }

  /** Sends a request; rejects with a `RequestError`. */
  async request<M extends ClientMessage>(message: M): Promise<AnswerTo<M['action']>> {
    if (this.#state.getSnapshot().kind !== 'online') throw new RequestError('disconnected', 'there is no connection')
    return await this.#ask(message, REQUEST_TIMEOUT_MS)
  }

  /** Sends what no answer is awaited to. It carries an id all the same, by which `refused` hears of a refusal. */
  tell(message: ClientMessage, refused?: Refused): void {
    if (this.#state.getSnapshot().kind !== 'online') return
    this.#requests.tell(message, REQUEST_TIMEOUT_MS, (text) => this.#socket?.send(text), refused)
  }

  /** A request on the open socket; silence for `timeoutMs` counts as a dead line. */
  async #ask<M extends ClientMessage>(message: M, timeoutMs: number): Promise<AnswerTo<M['action']>> {
    const socket = this.#socket
    try {
      return await this.#requests.start(message, timeoutMs, (text) => socket?.send(text))
    } catch (thrown) {
      const error = asRequestError(thrown)
      if (error.code === 'timeout' && socket === this.#socket) this.#lost()
      throw error
    }
  }

  #open(): void {
    this.#drop()
    this.#state.set({ kind: 'connecting' })
    this.#cancelTimer = this.#options.environment.after(HANDSHAKE_TIMEOUT_MS, () => this.#lost())
    this.#socket = this.#options.openSocket(this.#options.url(), {
      opened: () => void this.#hello(),
      received: (text) => this.#received(text),
      closed: () => this.#lost(),
    })
  }

  async #hello(): Promise<void> {
    this.#cancelTimer()
    const socket = this.#socket
    // What goes wrong has been dealt with where it was seen: an error frame, a timeout, a lost line.
    const welcome = await this.#ask({ action: 'hello' }, HANDSHAKE_TIMEOUT_MS).catch(() => undefined)
    if (welcome !== undefined && socket === this.#socket) this.#welcomed(welcome)
  }

  #welcomed(welcome: Welcome): void {
    this.#attempt = 0
    this.#lostAt = undefined
    this.#state.set({ kind: 'online' })
    this.#scheduleHeartbeat()
    this.#options.events.welcomed(welcome)
  }

  /**
   * The reason for refusing a connection comes unasked, and can be overtaken by the answer to `hello`, which
   * only says that this connection is nobody's.
   */
  #refusedBeforeWelcome(reply: Extract<Reply, { action: 'error' }>): void {
    if (reply.requestId === undefined || reply.code !== 'unauthorized') {
      this.#turnedAway(reply)
      return
    }
    this.#cancelTimer()
    this.#cancelTimer = this.#options.environment.after(REASON_TIMEOUT_MS, () => this.#lost())
  }

  /** The server closes the socket right behind this frame, so it is acted on at once. */
  #turnedAway({ code, message }: Extract<ServerMessage, { action: 'error' }>): void {
    if (!FINAL.has(code)) {
      this.#lost()
      return
    }
    this.#end({ kind: 'refused', code, message })
  }

  #end(state: ConnectionState): void {
    this.#drop()
    this.#unwatchNetwork()
    this.#state.set(state)
  }

  #received(text: string): void {
    const reply = decodeFrame(text)
    if (reply === undefined) return
    const { kind } = this.#state.getSnapshot()
    // Before the welcome nothing is asked but to be let in.
    if (reply.action === 'error' && kind === 'connecting') this.#refusedBeforeWelcome(reply)
    // Unasked, it says why the server closes this line.
    else if (reply.action === 'error' && reply.requestId === undefined && reply.code === 'conflict') this.#end({ kind: 'displaced' })
    else if (!this.#requests.settle(reply)) this.#options.events.pushed(reply)
  }

  #lost(): void {
    this.#drop()
    const { environment } = this.#options
    const now = environment.now()
    this.#lostAt ??= now
    const wait = fullJitter(this.#attempt, environment.random(), now - this.#lostAt)
    this.#attempt += 1
    this.#state.set({
      kind: environment.isOnline() ? 'reconnecting' : 'offline',
      retryAt: now + wait,
    })
    this.#cancelTimer = environment.after(wait, () => this.#open())
  }

  #networkChanged(): void {
    const state = this.#state.getSnapshot()
    if (state.kind === 'online') this.probe()
    else if (this.#options.environment.isOnline()) this.retryNow()
    else if (state.kind === 'reconnecting') this.#state.set({ kind: 'offline', retryAt: state.retryAt })
  }

  #scheduleHeartbeat(): void {
    this.#cancelTimer = this.#options.environment.after(HEARTBEAT_MS, () => {
      this.#scheduleHeartbeat()
      this.#ping(REQUEST_TIMEOUT_MS)
    })
  }

  #ping(timeoutMs: number): void {
    // A refused ping is an answer too; only silence matters, and `#ask` has acted on it.
    this.#ask({ action: 'ping' }, timeoutMs).catch(() => undefined)
  }

  #drop(): void {
    this.#cancelTimer()
    const socket = this.#socket
    this.#socket = undefined
    socket?.abandon()
    this.#requests.failAll()
  }
}
