import { expect, test } from 'vitest'
import { fullJitter } from './backoff'

test('the ceiling doubles up to 20 seconds and chance takes any part of it', () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 6, 40].map((attempt) => fullJitter(attempt, 1))
  expect(ceilings).toEqual([400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000])
  expect(fullJitter(6, 0)).toBe(0)
  expect(fullJitter(6, 0.25)).toBe(5000)
})

test('nobody waits longer than the outage has lasted', () => {
  expect(fullJitter(6, 1, 1500)).toBe(1500)
  expect(fullJitter(6, 1, 0)).toBe(400)
  expect(fullJitter(1, 1, 60_000)).toBe(800)
})
