/** What is heard and measured on this page: everybody's voices, the tones of coming and going, the microphone's level. */

import type { Cancel } from '../transport/environment'

export type Tone = 'joined' | 'left'

/** Measures a stream until it is stopped. */
export interface Meter {
  /** RMS of the last moments, 0 to 1. */
  level(): number
  stop(): void
}

export interface Sound {
  play(userId: string, track: MediaStreamTrack): void
  silence(userId: string): void
  /** 0 to 1. */
  setVolume(userId: string, volume: number): void
  /** The device that plays; the system's choice for `undefined`. */
  setSpeaker(deviceId: string | undefined): void
  tone(tone: Tone): void
  meter(stream: MediaStream): Meter
  /** Where audio is mixed; made when it is first needed. */
  readonly context: () => AudioContext
}

/** Two notes a fifth apart: up for coming, down for going. */
const NOTES: Readonly<Record<Tone, readonly [number, number]>> = { joined: [440, 659.25], left: [659.25, 440] }
const NOTE_SECONDS = 0.09
const TONE_GAIN = 0.06

export class BrowserSound implements Sound {
  readonly #players = new Map<string, HTMLAudioElement>()
  readonly #volumes = new Map<string, number>()
  #speaker: string | undefined
  #context: AudioContext | undefined

  readonly context = (): AudioContext => {
    // Voices are coded at 48 kHz; a device at another rate is resampled once, at the end.
    this.#context ??= new AudioContext({ sampleRate: 48_000, latencyHint: 'interactive' })
    if (this.#context.state === 'suspended') this.#context.resume().catch(() => undefined)
    return this.#context
  }

  play(userId: string, track: MediaStreamTrack): void {
    const player = this.#players.get(userId) ?? new Audio()
    this.#players.set(userId, player)
    player.volume = this.#volumes.get(userId) ?? 1
    player.srcObject = new MediaStream([track])
    this.#route(player)
    // Allowed: the person pressed a button to join. A player that is replaced meanwhile rejects.
    player.play().catch(() => undefined)
  }

  silence(userId: string): void {
    const player = this.#players.get(userId)
    if (player === undefined) return
    player.pause()
    player.srcObject = null
    this.#players.delete(userId)
  }

  setVolume(userId: string, volume: number): void {
    this.#volumes.set(userId, volume)
    const player = this.#players.get(userId)
    if (player !== undefined) player.volume = volume
  }

  setSpeaker(deviceId: string | undefined): void {
    this.#speaker = deviceId
    for (const player of this.#players.values()) this.#route(player)
  }

  tone(tone: Tone): void {
    const context = this.context()
    const gain = new GainNode(context, { gain: 0 })
    const oscillator = new OscillatorNode(context, { type: 'sine' })
    oscillator.connect(gain).connect(context.destination)
    const start = context.currentTime + 0.01
    const end = start + 2 * NOTE_SECONDS
    const [first, second] = NOTES[tone]
    oscillator.frequency.setValueAtTime(first, start)
    oscillator.frequency.setValueAtTime(second, start + NOTE_SECONDS)
    gain.gain.setTargetAtTime(TONE_GAIN, start, 0.01)
    gain.gain.setTargetAtTime(0, end - 0.03, 0.02)
    oscillator.start(start)
    oscillator.stop(end + 0.15)
  }

  meter(stream: MediaStream): Meter {
    const context = this.context()
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream })
    const analyser = new AnalyserNode(context, { fftSize: 1024 })
    source.connect(analyser)
    const samples = new Float32Array(analyser.fftSize)
    return {
      level: () => {
        analyser.getFloatTimeDomainData(samples)
        return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)
      },
      stop: () => source.disconnect(),
    }
  }

  #route(player: HTMLAudioElement): void {
    if (!('setSinkId' in player)) return
    // A device that was unplugged: the system's choice goes on playing.
    player.setSinkId(this.#speaker ?? '').catch(() => undefined)
  }
}

/** Repeats `task` every `ms` until it is cancelled. */
export function every(after: (ms: number, task: () => void) => Cancel, ms: number, task: () => void): Cancel {
  const again = (): Cancel => after(ms, () => {
    cancel = again()
    task()
  })
  let cancel = again()
  return () => cancel()
}
