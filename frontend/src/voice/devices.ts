/** Microphones and loudspeakers: opening, listing, and why one cannot be had. The one place that touches `navigator.mediaDevices`. */

import type { Cancel } from '../transport/environment'

export type MicrophoneFault =
  /** The person or the browser's settings forbid it. */
  | 'denied'
  /** There is none. */
  | 'missing'
  /** Another program has it, or the system does not hand it out. */
  | 'busy'
  /** The page did not come over https or from this machine, so the browser offers none. */
  | 'insecure'
  | 'unknown'

export class MicrophoneError extends Error {
  readonly fault: MicrophoneFault

  constructor(fault: MicrophoneFault, message: string) {
    super(message)
    this.name = 'MicrophoneError'
    this.fault = fault
  }
}

export interface Device {
  readonly id: string
  readonly label: string
}

export interface DeviceList {
  readonly microphones: readonly Device[]
  /** Empty where the browser plays on the system's choice only. */
  readonly speakers: readonly Device[]
}

export interface Devices {
  /** Rejects with a `MicrophoneError`. A device that is gone is replaced by the system's choice. */
  open(deviceId: string | undefined): Promise<MediaStream>
  /** Names are known only once a microphone was allowed. */
  list(): Promise<DeviceList>
  onChange(listener: () => void): Cancel
}

export const browserDevices: Devices = {
  open: async (deviceId) => {
    try {
      return await mediaDevices().getUserMedia({ audio: constraints(deviceId) })
    } catch (thrown) {
      if (deviceId !== undefined && nameOf(thrown) === 'OverconstrainedError') return await browserDevices.open(undefined)
      throw microphoneError(thrown)
    }
  },
  list: async () => {
    const found = (await mediaDevices().enumerateDevices()).filter(({ deviceId }) => deviceId !== '')
    const of = (kind: MediaDeviceKind): readonly Device[] => found.filter((device) => device.kind === kind).map(({ deviceId, label }) => ({ id: deviceId, label }))
    return { microphones: of('audioinput'), speakers: 'setSinkId' in HTMLMediaElement.prototype ? of('audiooutput') : [] }
  },
  onChange: (listener) => {
    const devices = mediaDevices()
    devices.addEventListener('devicechange', listener)
    return () => devices.removeEventListener('devicechange', listener)
  },
}

/** One channel: speech gains nothing by two, and it halves what is coded and mixed. */
function constraints(deviceId: string | undefined): MediaTrackConstraints {
  return {
    channelCount: 1,
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(deviceId === undefined ? {} : { deviceId: { exact: deviceId } }),
  }
}

function mediaDevices(): MediaDevices {
  // Outside secure contexts browsers leave it out, whatever the types say.
  if (!('mediaDevices' in navigator)) throw new MicrophoneError('insecure', 'the browser offers no devices to this page')
  return navigator.mediaDevices
}

const FAULTS: Readonly<Record<string, MicrophoneFault>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
}

export function microphoneError(thrown: unknown): MicrophoneError {
  if (thrown instanceof MicrophoneError) return thrown
  return new MicrophoneError(FAULTS[nameOf(thrown)] ?? 'unknown', String(thrown))
}

/** Not every browser's device errors are instances of `Error`. */
function nameOf(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'name' in thrown ? String(thrown.name) : ''
}
