import { expect, test } from 'vitest'
import { initials } from './Avatar'
import { dayName, failure, nameFault } from './words'

test.each(['Al', 'Ana_María 3', '李雷', 'x'.repeat(20)])('%j is a name', (name) => {
  expect(nameFault(name)).toBeUndefined()
})

test.each(['', 'a', 'x'.repeat(21), 'a<b', 'a  b', 'a\u202Eb', '👋👋', 'Bob\u3164', '\u3164\u3164', '\u0410lice'])('%j is none', (name) => {
  expect(nameFault(name)).toMatch(/^A name has/)
})

test('days near today have names of their own', () => {
  const day = 86_400_000
  expect(dayName(Date.now())).toBe('Today')
  expect(dayName(Date.now() - day)).toBe('Yesterday')
  expect(dayName(Date.now() - 800 * day)).toMatch(/\d{4}/)
})

test("the server's own sentence is used where it says more than the code", () => {
  expect(failure('tooLarge', 'a message has at most 8192 bytes')).toBe('a message has at most 8192 bytes.')
  expect(failure('internal', 'panicked at src/x.rs')).not.toContain('panicked')
})

test('initials are of the first two words', () => {
  expect([initials('Alice'), initials('weekend plans today'), initials('ana_maría')]).toEqual(['AL', 'WP', 'AM'])
})
