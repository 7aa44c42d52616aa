/** Time, chance and network in a test's hands. */

import type { Cancel, Environment } from '../environment'

interface Timer {
  readonly at: number
  readonly task: () => void
}

export class FakeEnvironment implements Environment {
  /** What `random` gives. */
  chance = 0.5
  #now = Date.UTC(2030, 0, 15, 12)
  #ids = 0
  #isOnline = true
  readonly #timers = new Set<Timer>()
  readonly #networkListeners = new Set<() => void>()

  now(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  newId(): string {
    this.#ids += 1
    return `id-${this.#ids}`
  }

  after(ms: number, task: () => void): Cancel {
    const timer = { at: this.#now + ms, task }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  isOnline(): boolean {
    return this.#isOnline
  }

  onNetworkChange(listener: () => void): Cancel {
    this.#networkListeners.add(listener)
    return () => {
      this.#networkListeners.delete(listener)
    }
  }

  setOnline(isOnline: boolean): void {
    this.#isOnline = isOnline
    for (const listener of this.#networkListeners) listener()
  }

  /** Lets `ms` pass: runs what is due, in order, and what follows from it. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let next = this.#nextDue(end); next !== undefined; next = this.#nextDue(end)) {
      this.#timers.delete(next)
      this.#now = next.at
      next.task()
      // What one timer sets off happens before the next one is due.
      await settle()
    }
    this.#now = end
  }

  #nextDue(end: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= end).toSorted((left, right) => left.at - right.at)[0]
  }
}

/** Until every promise that can go on has gone on. */
export async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 0)
  })
}
