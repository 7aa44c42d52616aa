import { expect, test } from 'vitest'
import { candidateInit, fragmentsOf, sdpText, sessionOf } from './signals'

test('descriptions and candidates are understood in each form that clients send', () => {
  expect([sdpText('v=0'), sdpText({ type: 'offer', sdp: 'v=0' }), sdpText({ type: 'offer' }), sdpText(1)]).toEqual(['v=0', 'v=0', undefined, undefined])
  expect(candidateInit('candidate:1')).toEqual({ candidate: 'candidate:1', sdpMLineIndex: 0 })
  const init = { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'ab' }
  expect(candidateInit({ ...init, more: 1 })).toEqual(init)
  expect([candidateInit(null), candidateInit(''), candidateInit(7), candidateInit({})]).toEqual([null, null, undefined, undefined])
})

test('a description tells its connection and its ICE generations', () => {
  const sdp = 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\na=ice-ufrag:abcd\r\na=ice-ufrag:efgh\r\n'
  expect([sessionOf(sdp), sessionOf('')]).toEqual(['4611731400430051336', undefined])
  expect(fragmentsOf(sdp)).toEqual(['abcd', 'efgh'])
})
