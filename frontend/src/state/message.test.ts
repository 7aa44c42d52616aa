import { expect, test } from 'vitest'
import { cleanMessage, messageBytes } from './message'

test('a text is cleaned as the server does it, and then measured', () => {
  expect(cleanMessage(' a\u0000b\r\n\tc\u007F ')).toBe('ab\n\tc')
  expect(cleanMessage('e\u0301')).toBe('é')
  expect(cleanMessage('\u0001\n ')).toBe('')
  expect(cleanMessage('\u200B \u3164')).toBe('')
  expect(cleanMessage('👩\u200D👩')).toBe('👩\u200D👩')
  expect(messageBytes(' ä€👋 ')).toBe(2 + 3 + 4)
})
