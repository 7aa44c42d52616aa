/** What the transport needs from the world: time, chance, ids and word of the network. Passed in, so that tests own them. */

export type Cancel = () => void

export interface Environment {
  /** Milliseconds since the epoch. */
  now(): number
  /** At least 0 and below 1. */
  random(): number
  /** A new id that nobody else has, at most 64 characters. */
  newId(): string
  /** Runs `task` once, `ms` from now, unless cancelled. */
  after(ms: number, task: () => void): Cancel
  /** What the device believes; false does not rule out a server on the same machine. */
  isOnline(): boolean
  /** Tells of changes of `isOnline`. */
  onNetworkChange(listener: () => void): Cancel
}

export const browserEnvironment: Environment = {
  now: () => Date.now(),
  random: () => Math.random(),
  newId: () => {
    // Not `randomUUID`: that exists in secure contexts only, and a desk's site may be plain http.
    const bytes = crypto.getRandomValues(new Uint8Array(16))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  },
  after: (ms, task) => {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
  isOnline: () => navigator.onLine,
  onNetworkChange: (listener) => {
    window.addEventListener('online', listener)
    window.addEventListener('offline', listener)
    return () => {
      window.removeEventListener('online', listener)
      window.removeEventListener('offline', listener)
    }
  },
}
