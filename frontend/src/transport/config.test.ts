import { expect, test } from 'vitest'
import { loadConfig, parseConfig } from './config'

const GOOD = '{"stage":"local","region":"us-east-1","webSocketUrl":"ws://127.0.0.1:4510/local"}'

function answering(status: number, body: string): typeof fetch {
  return () => Promise.resolve(new Response(body, { status }))
}

test('a good configuration is read, and never from a cache', async () => {
  const asked: unknown[] = []
  const config = await loadConfig((input, init) => {
    asked.push(input, init?.cache)
    return Promise.resolve(new Response(GOOD))
  })
  expect(config).toEqual({ stage: 'local', region: 'us-east-1', webSocketUrl: 'ws://127.0.0.1:4510/local', voice: { transport: 'mesh' } })
  expect(asked).toEqual(['./config.json', 'no-store'])
})

test('voice goes over what the stage says', () => {
  expect(parseConfig(GOOD.replace('}', ',"voice":{"transport":"kinesis"}}')).voice.transport).toBe('kinesis')
})

test('what is wrong is told apart', async () => {
  await expect(loadConfig(answering(404, 'no'))).rejects.toMatchObject({ fault: 'missing' })
  await expect(loadConfig(answering(200, '<!doctype html>'))).rejects.toMatchObject({ fault: 'malformed' })
  await expect(loadConfig(() => Promise.reject(new TypeError('no network')))).rejects.toMatchObject({ fault: 'unreachable' })
})

test.each([
  ['not an object', 'null'],
  ['a field missing', '{"stage":"local","region":"us-east-1"}'],
  ['a field of another type', '{"stage":1,"region":"us-east-1","webSocketUrl":"ws://h/p"}'],
  ['another scheme', GOOD.replace('ws://', 'http://')],
  ['a query', GOOD.replace('/local"', '/local?a=b"')],
])('%s is malformed', (_, text) => {
  expect(() => parseConfig(text)).toThrow(expect.objectContaining({ fault: 'malformed' }))
})
