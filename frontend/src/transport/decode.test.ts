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
  { type: 'voice:existing_participants', roomId: 'r', participants: [{ userId: 'Bob', muted: true }], topology: 'mesh', iceServers: [{ urls: ['stun:h:1'] }, { urls: ['turn:h:1'], username: 'u', credential: 'c' }], iceExpiresAt: 7 },
  { type: 'voice:peer_joined', roomId: 'r', from: 'Bob', muted: false },
  { type: 'voice:peer_left', roomId: 'r', from: 'Bob', reason: 'replaced' },
  { type: 'voice:offer', roomId: 'r', from: 'Bob', sdp: 'v=0' },
  { type: 'voice:answer', roomId: 'r', from: 'Bob', sdp: { type: 'answer', sdp: 'v=0' } },
  { type: 'voice:ice_candidate', roomId: 'r', from: 'Bob', candidate: { candidate: 'c', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'u' } },
  { type: 'voice:ice_candidate', roomId: 'r', from: 'Bob', candidate: null },
  { type: 'voice:mute', roomId: 'r', from: 'Ann', to: 'Bob', muted: true },
  { type: 'voice:disable', roomId: 'r', from: 'Ann' },
])('voice: $type', (event) => {
  expect(decodeFrame(JSON.stringify({ action: 'voiceSignal', ...event }))).toEqual({ action: 'voiceSignal', ...event })
})

test.each([
  ['a voice event of a newer server', '{"action":"voiceSignal","type":"voice:wave","roomId":"r","from":"Bob"}'],
  ['a description that is none', '{"action":"voiceSignal","type":"voice:offer","roomId":"r","from":"Bob","sdp":4}'],
  ['a server without addresses', '{"action":"voiceSignal","type":"voice:existing_participants","roomId":"r","participants":[],"topology":"mesh","iceServers":[{"urls":[1]}]}'],
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
