/**
 * People who talk: each one's microphone hums a tone of their own, and what their loudspeakers play is
 * listened to. Packets prove nothing; a tone that arrives does.
 */

import { type Browser, type BrowserContext, type BrowserContextOptions, expect, type Locator, type Page } from '@playwright/test'
import { Person } from './person'

/** Hertz; far enough from one another, and from one another's overtones, to be told apart. */
const TONES = [430, 560, 710, 890, 1130, 1370, 1630] as const

declare global {
  interface Window {
    /** Decibels of each tone in what this page plays. */
    heard: (tones: readonly number[]) => Promise<readonly number[]>
    /** What this page's connections must use. */
    ice: Ice
    /** Everything that plays or has played. */
    players: Set<HTMLMediaElement>
  }
}

export interface Ice {
  readonly iceServers?: RTCIceServer[]
  readonly iceTransportPolicy?: RTCIceTransportPolicy
}

export class Talker {
  readonly person: Person
  readonly tone: number

  constructor(person: Person, tone: number) {
    this.person = person
    this.tone = tone
  }

  get page(): Page {
    return this.person.page
  }

  get name(): string {
    return this.person.name
  }

  /** Joins voice in the open room. */
  async join(): Promise<void> {
    await this.page.getByRole('button', { name: /^(Start|Join) voice$/ }).click()
    await expect(this.controls).toBeVisible()
  }

  async leave(): Promise<void> {
    await this.controls.getByRole('button', { name: 'Leave voice' }).click()
    await expect(this.controls).toHaveCount(0)
  }

  async mute(): Promise<void> {
    await this.controls.getByRole('button', { name: 'Turn microphone off' }).click()
  }

  async unmute(): Promise<void> {
    await this.controls.getByRole('button', { name: 'Turn microphone on' }).click()
  }

  get controls(): Locator {
    return this.page.getByRole('group', { name: 'Voice controls' })
  }

  get dock(): Locator {
    return this.page.getByRole('region', { name: 'Voice', exact: true })
  }

  /** Somebody in the list of those who talk. */
  tile(name: string): Locator {
    return this.page.getByRole('list', { name: 'In voice' }).locator(`[data-talker="${name}"]`)
  }

  /** The tones that this person's loudspeakers play. */
  async hears(): Promise<readonly number[]> {
    const levels = await this.page.evaluate(async (tones) => await window.heard(tones), TONES)
    return TONES.filter((_, index) => (levels[index] ?? -200) > AUDIBLE_DB)
  }

  /** Waits until exactly these people are heard; oneself never is. */
  async expectToHear(others: readonly Talker[], timeout = 10_000): Promise<void> {
    const tones = others.map(({ tone }) => tone).toSorted((left, right) => left - right)
    await expect.poll(async () => await this.hears(), { message: `${this.name} hears ${others.map(({ name }) => name).join(', ') || 'nobody'}`, timeout, intervals: [50, 100, 200] }).toEqual(tones)
  }
}

/** A tone arrives at about -25 dB, and is below -80 dB where it does not. */
const AUDIBLE_DB = -50

/** So many people in one room, each with a microphone that hums, and some with servers of their own. */
export async function talkersInARoom(browser: Browser, count: number, options: BrowserContextOptions = {}, ices: readonly Ice[] = []): Promise<readonly Talker[]> {
  const names = ['Ann', 'Bob', 'Cleo', 'Dan', 'Eve', 'Finn', 'Gwen']
  const talkers: Talker[] = []
  for (const [index, name] of names.slice(0, count).entries()) {
    const person = await Person.arrive(browser, name, options)
    const tone = TONES[index] ?? 0
    await hum(person.context, tone, ices[index])
    talkers.push(new Talker(person, tone))
  }
  const [host, ...guests] = talkers
  if (host === undefined) throw new Error('a room needs somebody')
  await host.person.signIn()
  const roomId = await host.person.createRoom('Standup')
  for (const { person } of guests) {
    await person.signIn(`./#/r/${roomId}`)
    await person.askToJoin()
    await host.person.letIn(person)
    await expect(person.page.getByRole('heading', { name: 'Standup', level: 1 })).toBeVisible()
  }
  return talkers
}

export async function everybodyHearsTheOthers(talkers: readonly Talker[], timeout?: number): Promise<void> {
  await Promise.all(talkers.map((talker) => talker.expectToHear(talkers.filter((other) => other !== talker), timeout)))
}

/** Replaces the microphone by a tone, which no processing lowers, and notes what plays. */
export async function hum(context: BrowserContext, tone: number, ice: Ice = {}): Promise<void> {
  await context.addInitScript(
    ({ tone: hertz, ice: forced }) => {
      navigator.mediaDevices.getUserMedia = async () => {
        const audio = new AudioContext()
        const gain = new GainNode(audio, { gain: 0.3 })
        const destination = new MediaStreamAudioDestinationNode(audio)
        const oscillator = new OscillatorNode(audio, { frequency: hertz })
        oscillator.connect(gain).connect(destination)
        oscillator.start()
        await audio.resume()
        return destination.stream
      }

      window.ice = forced
      const Native = window.RTCPeerConnection
      window.RTCPeerConnection = class extends Native {
        constructor(configuration?: RTCConfiguration) {
          super({ ...configuration, ...forced })
        }

        override setConfiguration(configuration?: RTCConfiguration): void {
          super.setConfiguration({ ...configuration, ...forced })
        }
      }

      window.players = new Set()
      const source = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject')
      Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
        ...source,
        set(this: HTMLMediaElement, stream: MediaProvider | null) {
          window.players.add(this)
          source?.set?.call(this, stream)
        },
      })

      let ear: { audio: AudioContext; analyser: AnalyserNode } | undefined
      const sources = new Map<MediaProvider, { source: AudioNode; gain: GainNode }>()
      window.heard = async (tones) => {
        ear ??= ((audio) => ({ audio, analyser: new AnalyserNode(audio, { fftSize: 8192, smoothingTimeConstant: 0 }) }))(new AudioContext())
        const { audio, analyser } = ear
        await audio.resume()
        const playing = [...window.players].filter((player) => !player.paused && player.srcObject instanceof MediaStream)
        const streams = new Set(playing.map(({ srcObject }) => srcObject))
        for (const [stream, { gain }] of sources) {
          if (streams.has(stream)) continue
          gain.disconnect()
          sources.delete(stream)
        }
        for (const { srcObject, volume, muted } of playing) {
          if (!(srcObject instanceof MediaStream)) continue
          let held = sources.get(srcObject)
          if (held === undefined) {
            held = { source: audio.createMediaStreamSource(srcObject), gain: new GainNode(audio) }
            held.source.connect(held.gain).connect(analyser)
            sources.set(srcObject, held)
          }
          held.gain.gain.value = muted ? 0 : volume
        }
        await new Promise((resolve) => {
          setTimeout(resolve, 200)
        })
        const bins = new Float32Array(analyser.frequencyBinCount)
        analyser.getFloatFrequencyData(bins)
        const width = audio.sampleRate / analyser.fftSize
        return tones.map((each) => Math.max(...bins.slice(Math.round(each / width) - 2, Math.round(each / width) + 3)))
      }
    },
    { tone, ice },
  )
}
