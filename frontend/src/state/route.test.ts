import { expect, test } from 'vitest'
import { formatRoute, parseRoomReference, parseRoute } from './route'

test('a room has an address and anything else is home', () => {
  expect(parseRoute('#/r/k3v9x0q2m7ab')).toEqual({ kind: 'room', roomId: 'k3v9x0q2m7ab' })
  expect(parseRoute('#/r/K3V9X0Q2M7AB')).toEqual({ kind: 'room', roomId: 'k3v9x0q2m7ab' })
  for (const hash of ['', '#/', '#/r/']) expect(parseRoute(hash)).toEqual({ kind: 'home' })
  for (const text of ['short', 'k3v9x0q2m7ab/more']) expect(parseRoute(`#/r/${text}`)).toEqual({ kind: 'lost', text })
  expect(formatRoute({ kind: 'room', roomId: 'k3v9x0q2m7ab' })).toBe('#/r/k3v9x0q2m7ab')
})

test.each(['k3v9x0q2m7ab', ' K3V9X0Q2M7AB\n', 'https://chat.example/x/#/r/k3v9x0q2m7ab'])('%j names a room', (text) => {
  expect(parseRoomReference(text)).toBe('k3v9x0q2m7ab')
})

test.each(['', 'k3v9', 'https://chat.example/', 'k3v9x0q2m7a!'])('%j names no room', (text) => {
  expect(parseRoomReference(text)).toBeUndefined()
})
