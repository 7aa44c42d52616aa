import { expect, test } from 'vitest'
import { qualityBetween, type Reading, readingOf } from './quality'

const INBOUND = { type: 'inbound-rtp', packetsReceived: 100, packetsLost: 2, jitter: 0.004 }

function reading(change: Partial<Reading> = {}): Reading {
  return { received: 100, lost: 0, jitterMs: 4, roundTripMs: 20, sentLoss: 0, ...change }
}

test('a reading is put together from what a browser reports, in any order', () => {
  const pair = { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.025 }
  const other = { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 }
  const remote = { type: 'remote-inbound-rtp', fractionLost: 0.5 }
  expect(readingOf([INBOUND, other, pair, remote])).toEqual({ received: 100, lost: 2, jitterMs: 4, roundTripMs: 25, sentLoss: 0.5 })
  expect(readingOf([remote, pair, INBOUND])).toEqual(readingOf([INBOUND, pair, remote]))
  expect(readingOf([pair])).toBeUndefined()
})

test('loss is of the time between two readings, and of the worse direction', () => {
  const lossOf = (change: Partial<Reading>): number => qualityBetween(reading({ lost: 50 }), reading({ received: 190, lost: 60, ...change })).lossPercent
  expect(lossOf({})).toBe(10)
  expect(lossOf({ sentLoss: 0.2 })).toBe(20)
  expect(qualityBetween(reading(), reading()).lossPercent).toBe(0)
})

test.each([
  [{}, 'good'],
  [{ lost: 5 }, 'fair'],
  [{ lost: 10 }, 'poor'],
  [{ jitterMs: 40 }, 'fair'],
  [{ jitterMs: 80 }, 'poor'],
  [{ roundTripMs: 300 }, 'fair'],
  [{ roundTripMs: 900 }, 'poor'],
  [{ roundTripMs: undefined }, 'good'],
] as const)('%j is %s', (change, verdict) => {
  expect(qualityBetween(reading(), reading({ received: 195, ...change })).verdict).toBe(verdict)
})
