/**
 * Messages on their way out: kept until the server acknowledges them, sent again after a lost line with
 * the same `clientMessageId`, so that the server stores each once. One room's messages go one after the
 * other, because the server may handle two of one connection in either order.
 */

import { type Observable, Variable } from '../observable'
import type { Environment } from './environment'
import { asRequestError, type FailureCode, type RequestError } from './errors'
import type { AnswerTo } from './requests'

export type OutboxStatus =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'sending' }
  | { readonly kind: 'failed'; readonly code: FailureCode; readonly message: string }

export interface OutboxEntry {
  readonly clientMessageId: string
  readonly roomId: string
  readonly text: string
  readonly createdAt: number
  readonly status: OutboxStatus
}

/** Where entries outlive a reload. */
export interface OutboxStorage {
  load(): readonly OutboxEntry[]
  save(entries: readonly OutboxEntry[]): void
}

export interface OutboxOptions {
  readonly environment: Environment
  readonly storage: OutboxStorage
  readonly send: (entry: OutboxEntry) => Promise<AnswerTo<'sendMessage'>>
  readonly delivered: (entry: OutboxEntry, ack: AnswerTo<'sendMessage'>) => void
}

/** Refusals that pass by themselves are tried this often before a person is asked. */
const ATTEMPTS = 4
const RETRY_MS = 1_500

export class Outbox {
  readonly #options: OutboxOptions
  readonly #entries: Variable<readonly OutboxEntry[]>
  readonly #attempts = new Map<string, number>()
  #open = false

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#entries = new Variable(options.storage.load().map(asWaiting))
  }

  get entries(): Observable<readonly OutboxEntry[]> {
    return this.#entries
  }

  add(roomId: string, text: string): void {
    const { environment } = this.#options
    const entry: OutboxEntry = {
      clientMessageId: environment.newId(),
      roomId,
      text,
      createdAt: environment.now(),
      status: { kind: 'waiting' },
    }
    this.#change([...this.#entries.getSnapshot(), entry])
    this.#pump()
  }

  retry(clientMessageId: string): void {
    this.#attempts.delete(clientMessageId)
    this.#setStatus(clientMessageId, { kind: 'waiting' })
    this.#pump()
  }

  discard(clientMessageId: string): void {
    this.#attempts.delete(clientMessageId)
    this.#change(this.#entries.getSnapshot().filter((entry) => entry.clientMessageId !== clientMessageId))
    this.#pump()
  }

  /** The line is up and the server knows us. */
  open(): void {
    this.#open = true
    this.#pump()
  }

  /** The line is down: what was being sent waits again. */
  close(): void {
    this.#open = false
    this.#change(
      this.#entries.getSnapshot().map((entry) => (entry.status.kind === 'sending' ? asWaiting(entry) : entry)),
    )
  }

  #pump(): void {
    if (!this.#open) return
    const busy = new Set<string>()
    for (const entry of this.#entries.getSnapshot()) {
      if (entry.status.kind === 'failed' || busy.has(entry.roomId)) continue
      busy.add(entry.roomId)
      if (entry.status.kind === 'waiting') void this.#send(entry)
    }
  }

  async #send(entry: OutboxEntry): Promise<void> {
    this.#setStatus(entry.clientMessageId, { kind: 'sending' })
    try {
      const ack = await this.#options.send(entry)
      this.#options.delivered(entry, ack)
      this.discard(entry.clientMessageId)
    } catch (thrown) {
      this.#failed(entry, asRequestError(thrown))
    }
  }

  #failed(entry: OutboxEntry, error: RequestError): void {
    const { clientMessageId } = entry
    const attempt = (this.#attempts.get(clientMessageId) ?? 0) + 1
    this.#attempts.set(clientMessageId, attempt)
    if (error.code === 'disconnected' || (isPassing(error.code) && attempt < ATTEMPTS)) {
      // A lost line is mended by `open`; the others by time.
      if (error.code === 'disconnected') this.#setStatus(clientMessageId, { kind: 'waiting' })
      else this.#options.environment.after(error.retryAfterMs ?? RETRY_MS * attempt, () => this.#tryAgain(clientMessageId))
      return
    }
    this.#setStatus(clientMessageId, { kind: 'failed', code: error.code, message: error.message })
    this.#pump()
  }

  /** Until here the entry counted as being sent, which kept its room's later messages behind it. */
  #tryAgain(clientMessageId: string): void {
    const entry = this.#entries.getSnapshot().find((candidate) => candidate.clientMessageId === clientMessageId)
    if (entry?.status.kind !== 'sending') return
    this.#setStatus(clientMessageId, { kind: 'waiting' })
    this.#pump()
  }

  #setStatus(clientMessageId: string, status: OutboxStatus): void {
    this.#change(
      this.#entries
        .getSnapshot()
        .map((entry) => (entry.clientMessageId === clientMessageId ? { ...entry, status } : entry)),
    )
  }

  #change(entries: readonly OutboxEntry[]): void {
    this.#entries.set(entries)
    this.#options.storage.save(entries)
  }
}

function isPassing(code: FailureCode): boolean {
  return code === 'timeout' || code === 'rateLimited' || code === 'internal'
}

function asWaiting(entry: OutboxEntry): OutboxEntry {
  return entry.status.kind === 'failed' ? entry : { ...entry, status: { kind: 'waiting' } }
}
