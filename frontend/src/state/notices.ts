/** Short news that is no part of a conversation. Codes and names only; the interface words them. */

import { type Observable, Variable } from '../observable'
import type { Environment } from '../transport/environment'
import type { FailureCode } from '../transport/errors'

export type News =
  | { readonly kind: 'joinRequest'; readonly roomId: string; readonly roomName: string; readonly userId: string }
  | { readonly kind: 'letIn'; readonly roomId: string; readonly roomName: string }
  | { readonly kind: 'turnedAway'; readonly roomId: string }
  | { readonly kind: 'failed'; readonly what: 'decide' | 'leave' | 'older' | 'mute' | 'voiceSwitch'; readonly code: FailureCode; readonly message: string }

export type Notice = News & { readonly id: number }

/** News that waits for a decision stays; the rest goes by itself. */
const LIFETIME_MS = 7_000

export class Notices {
  readonly #environment: Pick<Environment, 'after'>
  readonly #list = new Variable<readonly Notice[]>([])
  #nextId = 1

  constructor(environment: Pick<Environment, 'after'>) {
    this.#environment = environment
  }

  get list(): Observable<readonly Notice[]> {
    return this.#list
  }

  add(news: News): void {
    const id = this.#nextId
    this.#nextId += 1
    this.#list.update((list) => [...list.filter((notice) => !isSame(notice, news)), { ...news, id }])
    if (news.kind !== 'joinRequest') this.#environment.after(LIFETIME_MS, () => this.dismiss(id))
  }

  dismiss(id: number): void {
    this.#list.update((list) => (list.some((notice) => notice.id === id) ? list.filter((notice) => notice.id !== id) : list))
  }

  /** The request was decided, here or elsewhere. */
  settleRequest(roomId: string, userId: string): void {
    this.#list.update((list) =>
      list.filter((notice) => !(notice.kind === 'joinRequest' && notice.roomId === roomId && notice.userId === userId)),
    )
  }
}

function isSame(left: News, right: News): boolean {
  return left.kind === 'joinRequest' && right.kind === 'joinRequest' && left.roomId === right.roomId && left.userId === right.userId
}
