import { expect, test } from 'vitest'
import { earlier } from './ulid'

test('goes back in time and starts at the lowest id of that moment', () => {
  // The specification's own example, 1469918176385 ms, and 259 ms before it.
  expect(earlier('01ARYZ6S41TSV4RRFFQ69G5FAV', 259)).toBe('01ARYZ6RVY0000000000000000')
  expect(earlier('01ARYZ6S41TSV4RRFFQ69G5FAV', 0)).toBe('01ARYZ6S410000000000000000')
})

test('never before the beginning of time', () => {
  expect(earlier('00000000010000000000000000', 5000)).toBe('00000000000000000000000000')
})

test('anything else comes back unchanged', () => {
  expect(earlier('m-17', 5000)).toBe('m-17')
})
