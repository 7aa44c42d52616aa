/** How long to wait before the next attempt: exponential, with full jitter, so that a thousand clients that lost one server do not come back in one instant. */

const BASE_MS = 400
const CAP_MS = 20_000

/**
 * Milliseconds before attempt number `attempt` (from 0); `random` is at least 0 and below 1. Nobody waits
 * longer than the outage has lasted, or the first ceiling: a few unlucky attempts in a short one would cost many seconds.
 */
export function fullJitter(attempt: number, random: number, outageMs = Infinity): number {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 16), Math.max(BASE_MS, outageMs))
  return Math.round(random * ceiling)
}
