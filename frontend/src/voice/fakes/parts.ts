/** A microphone and loudspeakers in a test's hands. */

import { type DeviceList, type Devices, MicrophoneError, type MicrophoneFault } from '../devices'
import { Mesh } from '../mesh'
import type { VoiceParts } from '../parts'
import type { Meter, Sound, Tone } from '../sound'
import { FakeNetwork } from './network'

export class FakeTrack extends EventTarget {
  enabled = true
  isStopped = false
  readonly deviceId: string

  constructor(deviceId: string) {
    super()
    this.deviceId = deviceId
  }

  stop(): void {
    this.isStopped = true
  }
}

export class FakeDevices implements Devices {
  /** Why there is no microphone. */
  fault: MicrophoneFault | undefined
  readonly opened: FakeTrack[] = []

  open(deviceId: string | undefined): Promise<MediaStream> {
    if (this.fault !== undefined) return Promise.reject(new MicrophoneError(this.fault, 'refused'))
    const track = new FakeTrack(deviceId ?? 'default')
    this.opened.push(track)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return Promise.resolve({ getTracks: () => [track], getAudioTracks: () => [track] } as unknown as MediaStream)
  }

  list(): Promise<DeviceList> {
    return Promise.resolve({ microphones: [{ id: 'default', label: 'Built-in' }], speakers: [] })
  }

  onChange(): () => void {
    return () => undefined
  }
}

export class FakeSound implements Sound {
  /** Whose voice is played, and how loud. */
  readonly playing = new Map<string, number>()
  readonly tones: Tone[] = []
  /** What the microphone hears. */
  ownLevel = 0

  play(userId: string): void {
    this.playing.set(userId, 1)
  }

  silence(userId: string): void {
    this.playing.delete(userId)
  }

  setVolume(userId: string, volume: number): void {
    this.playing.set(userId, volume)
  }

  setSpeaker(): void {
    // There is one.
  }

  tone(tone: Tone): void {
    this.tones.push(tone)
  }

  meter(): Meter {
    return { level: () => this.ownLevel, stop: () => undefined }
  }

  readonly context = (): AudioContext => {
    throw new Error('nothing is mixed in these tests')
  }
}

export interface FakeVoice extends VoiceParts {
  readonly devices: FakeDevices
  readonly sound: FakeSound
}

/** One person's voice parts; people who are to hear each other share a network. */
export function fakeVoice(network = new FakeNetwork()): FakeVoice {
  return { devices: new FakeDevices(), sound: new FakeSound(), connect: network.connect, transports: { mesh: (options) => new Mesh(options), star: (options) => new Mesh(options) } }
}
