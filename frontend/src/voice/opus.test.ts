import { expect, test } from 'vitest'
import { bitrateFor, withOpusWishes } from './opus'

test('more people, leaner streams', () => {
  expect([1, 2, 3, 4, 5, 6].map(bitrateFor)).toEqual([40_000, 40_000, 40_000, 32_000, 24_000, 24_000])
})

test('the wishes are added to the parameters that are there, or stand alone', () => {
  const sdp = 'm=audio 9 X 111 0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=0;stereo=1\r\na=rtpmap:0 PCMU/8000\r\n'
  expect(withOpusWishes(sdp)).toBe(sdp.replace('useinbandfec=0;stereo=1', 'useinbandfec=1;stereo=0;usedtx=1'))
  expect(withOpusWishes(sdp.replace(/a=fmtp.*\r\n/, ''))).toContain('a=rtpmap:111 opus/48000/2\r\na=fmtp:111 stereo=0;useinbandfec=1;usedtx=1\r\n')
  expect(withOpusWishes('m=audio 9 X 0\r\n')).toBe('m=audio 9 X 0\r\n')
})
