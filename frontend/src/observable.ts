/** A value that can be watched. Readers get `Observable`; only its owner holds the `Variable`. */

export type Unsubscribe = () => void

export interface Observable<T> {
  /** The current value; the same reference until it changes. */
  readonly getSnapshot: () => T
  /** Calls `listener` after each change, until the returned function is called. */
  readonly subscribe: (listener: () => void) => Unsubscribe
}

export class Variable<T> implements Observable<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(initial: T) {
    this.#value = initial
  }

  readonly getSnapshot = (): T => this.#value

  readonly subscribe = (listener: () => void): Unsubscribe => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  set(next: T): void {
    if (Object.is(next, this.#value)) return
    this.#value = next
    for (const listener of this.#listeners) listener()
  }

  update(change: (current: T) => T): void {
    this.set(change(this.#value))
  }
}
