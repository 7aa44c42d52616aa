/** How well a connection carries voice, from two readings of its statistics. Pure. */

/** A reading of `RTCPeerConnection.getStats`; counters run from the connection's start. */
export interface Reading {
  readonly received: number
  readonly lost: number
  readonly jitterMs: number
  readonly roundTripMs: number | undefined
  /** The part of what this side sent that did not arrive, 0 to 1, as the other side says. */
  readonly sentLoss: number | undefined
}

export interface Quality {
  /** The worse direction. */
  readonly lossPercent: number
  readonly jitterMs: number
  readonly roundTripMs: number | undefined
  readonly verdict: 'good' | 'fair' | 'poor'
}

/** Above these speech has gaps that one hears (`fair`), or words go missing and people talk over one another (`poor`). */
const LIMITS = {
  fair: { lossPercent: 3, jitterMs: 30, roundTripMs: 250 },
  poor: { lossPercent: 8, jitterMs: 60, roundTripMs: 500 },
} as const

type Stat = Readonly<Record<string, unknown>>

/** `undefined` until voice has arrived. */
export function readingOf(stats: Iterable<Stat>): Reading | undefined {
  let reading: Reading | undefined
  let sentLoss: number | undefined
  let roundTripMs: number | undefined
  for (const stat of stats) {
    if (stat['type'] === 'inbound-rtp') {
      reading = { received: count(stat, 'packetsReceived'), lost: count(stat, 'packetsLost'), jitterMs: count(stat, 'jitter') * 1000, roundTripMs, sentLoss }
    } else if (stat['type'] === 'remote-inbound-rtp') {
      sentLoss = maybe(stat, 'fractionLost')
    } else if (stat['type'] === 'candidate-pair' && stat['nominated'] === true) {
      const seconds = maybe(stat, 'currentRoundTripTime')
      if (seconds !== undefined) roundTripMs = seconds * 1000
    }
  }
  return reading === undefined ? undefined : { ...reading, roundTripMs, sentLoss }
}

/** What happened between two readings of one connection. */
export function qualityBetween(before: Reading, after: Reading): Quality {
  const lost = Math.max(0, after.lost - before.lost)
  const expected = lost + Math.max(0, after.received - before.received)
  const lossPercent = Math.max(expected === 0 ? 0 : (100 * lost) / expected, 100 * (after.sentLoss ?? 0))
  const { jitterMs, roundTripMs } = after
  return { lossPercent, jitterMs, roundTripMs, verdict: verdict({ lossPercent, jitterMs, roundTripMs: roundTripMs ?? 0 }) }
}

function verdict(measured: Readonly<Record<keyof typeof LIMITS.fair, number>>): Quality['verdict'] {
  const isAbove = (limits: Readonly<Record<keyof typeof LIMITS.fair, number>>): boolean =>
    measured.lossPercent > limits.lossPercent || measured.jitterMs > limits.jitterMs || measured.roundTripMs > limits.roundTripMs
  if (isAbove(LIMITS.poor)) return 'poor'
  return isAbove(LIMITS.fair) ? 'fair' : 'good'
}

function maybe(stat: Stat, key: string): number | undefined {
  const value = stat[key]
  return typeof value === 'number' ? value : undefined
}

function count(stat: Stat, key: string): number {
  return maybe(stat, key) ?? 0
}
