import { expect, test } from 'vitest'
import { decodeFrame } from './decode'

test('a push and an answer are read with their fields', () => {
  const message = { roomId: 'r', messageId: '01', userId: 'Bob', message: 'hi', timestamp: 5 }
  expect(decodeFrame(JSON.stringify({ action: 'message', ...message }))).toEqual({ action: 'message', ...message })
  expect(decodeFrame('{"action":"pong","timestamp":1,"requestId":"7"}')).toEqual({ action: 'pong', timestamp: 1, requestId: '7' })
})

test('an optional field may be null', () => {
  expect(decodeFrame('{"action":"joinResponse","roomId":"r","status":"pending","roomName":null}')).toMatchObject({ status: 'pending' })
})

test.each([
  ['no JSON', 'hello'],
  ['no object', '[1]'],
  ['no action', '{"message":"Internal server error","connectionId":"x=","requestId":"y="}'],
  ['an action of a newer server', '{"action":"typing","roomId":"r"}'],
  ['an inherited name', '{"action":"toString"}'],
  ['a missing field', '{"action":"message","roomId":"r"}'],
  ['a field of another type', '{"action":"pong","timestamp":"now"}'],
  ['an unknown status', '{"action":"joinResponse","roomId":"r","status":"maybe"}'],
  ['a bad item', '{"action":"history","roomId":"r","messages":[1]}'],
])('%s is no frame', (_, text) => {
  expect(decodeFrame(text)).toBeUndefined()
})
