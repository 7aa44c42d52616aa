import { expect, test } from 'vitest'
import { browserDevices, microphoneError } from './devices'

test.each([
  ['NotAllowedError', 'denied'],
  ['NotFoundError', 'missing'],
  ['NotReadableError', 'busy'],
  ['TypeError', 'unknown'],
] as const)('%s means %s', (name, fault) => {
  expect(microphoneError(new DOMException('x', name)).fault).toBe(fault)
})

test('a page that may have no devices says so', async () => {
  await expect(browserDevices.open(undefined)).rejects.toMatchObject({ fault: 'insecure' })
})

test('a microphone that is gone is replaced by the system’s choice', async () => {
  const asked: unknown[] = []
  const getUserMedia = (constraints: MediaStreamConstraints): Promise<object> => {
    asked.push(constraints.audio)
    return asked.length === 1 ? Promise.reject(new DOMException('gone', 'OverconstrainedError')) : Promise.resolve({ id: 'stream' })
  }
  Object.defineProperty(navigator, 'mediaDevices', { configurable: true, value: { getUserMedia } })
  await expect(browserDevices.open('usb')).resolves.toEqual({ id: 'stream' })
  expect(asked).toMatchObject([{ deviceId: { exact: 'usb' }, channelCount: 1 }, { echoCancellation: true }])
  Reflect.deleteProperty(navigator, 'mediaDevices')
})
