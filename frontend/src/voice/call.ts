/** A call that runs: the open microphone, the links to the others, how they are doing and who speaks. Ends with `close`. */

import { type Observable, type Unsubscribe, Variable } from '../observable'
import type { Cancel, Environment } from '../transport/environment'
import type { FailureCode } from '../transport/errors'
import type { Devices } from './devices'
import type { VoiceLine } from './line'
import type { PreferenceStore } from './preferences'
import { type Quality, qualityBetween, type Reading } from './quality'
import type { StarDesk } from './seat'
import type { CloseReason, Joined, Signal } from './signals'
import { every, type Meter, type Sound } from './sound'
import { Talking } from './talking'
import { EXPIRY_MARGIN_MS, type Links, type TransportEnd, type TransportFactory, type VoiceTransport } from './transport'

export interface CallState {
  /** This person's own choice, or an admin's. */
  readonly isMuted: boolean
  /** Whether the microphone is open at this moment, with push-to-talk too. */
  readonly isOpen: boolean
  /** The admin who muted this person, until they speak up again. */
  readonly mutedBy: string | undefined
  /** The way to the server; while it is down, those who are connected still hear each other. */
  readonly line: 'up' | 'joining' | 'down'
  /** Why another microphone could not be had, after one was chosen. */
  readonly isMicrophoneLost: boolean
}

export interface CallOptions {
  readonly me: string
  readonly roomId: string
  readonly microphone: MediaStream
  readonly joined: Joined
  readonly line: VoiceLine
  readonly environment: Environment
  readonly devices: Devices
  readonly sound: Sound
  readonly preferences: PreferenceStore
  readonly connect: (configuration: RTCConfiguration) => RTCPeerConnection
  readonly transport: TransportFactory
  /** Joins again for servers with fresh credentials. */
  readonly rejoin: () => Promise<Joined>
  readonly desk: StarDesk
  /** The server knows nothing of this page's part. */
  readonly unseated: () => void
  /** The transport cannot go on. */
  readonly ended: (why: TransportEnd) => void
}

const LEVELS_MS = 100
const QUALITY_MS = 2_000
/** Joining is limited to five times a minute, and several links may ask at once. */
const SERVERS_FRESH_MS = 20_000

export class Call {
  readonly #options: CallOptions
  readonly #transport: VoiceTransport
  readonly #state = new Variable<CallState>({ isMuted: false, isOpen: true, mutedBy: undefined, line: 'up', isMicrophoneLost: false })
  readonly #speaking = new Variable<ReadonlySet<string>>(new Set())
  readonly #quality = new Variable<ReadonlyMap<string, Quality>>(new Map())
  readonly #talking = new Talking()
  readonly #cancels: (Cancel | Unsubscribe)[] = []
  #readings: ReadonlyMap<string, Reading> = new Map()
  #microphone: MediaStream
  /** Made when it is first read: connecting comes first. */
  #meter: Meter | undefined
  #isHeld = false
  #servers: readonly RTCIceServer[] = []
  #serversAt = 0
  #serversUntil: number | undefined
  #serversComing: Promise<Joined> | undefined
  #isClosed = false

  constructor(options: CallOptions) {
    const { environment, joined, sound, preferences, line, roomId } = options
    this.#options = options
    this.#microphone = options.microphone
    this.#takeServers(joined)
    this.#transport = options.transport({
      me: options.me,
      microphone: audioTrack(options.microphone),
      iceServers: () => this.#servers,
      environment,
      audio: sound.context,
      desk: options.desk,
      connect: options.connect,
      send: (to, note) => line.tell(roomId, to, note, ({ code }) => this.#refused(to, code)),
      freshServers: () => this.#freshServers(),
      ownLevel: () => this.#ownLevel(),
      heard: (userId, track) => this.#heard(userId, track),
      silent: (userId) => this.#silent(userId),
      ended: options.ended,
    })
    const after = (ms: number, task: () => void): Cancel => environment.after(ms, task)
    this.#cancels.push(
      every(after, LEVELS_MS, () => this.#listen()),
      every(after, QUALITY_MS, () => void this.#measure()),
      preferences.value.subscribe(() => this.#preferencesChanged()),
    )
    sound.setSpeaker(preferences.value.getSnapshot().speaker)
    this.#watchTrack()
    this.#openOrShut()
    this.#transport.meet(joined.participants.map(({ userId }) => userId))
  }

  get state(): Observable<CallState> {
    return this.#state
  }

  get links(): Observable<Links> {
    return this.#transport.links
  }

  get strangers(): Observable<number> {
    return this.#transport.strangers
  }

  /** Those whose voice is heard now, this person included. */
  get speaking(): Observable<ReadonlySet<string>> {
    return this.#speaking
  }

  get quality(): Observable<ReadonlyMap<string, Quality>> {
    return this.#quality
  }

  /** The star that this call is part of. */
  get voiceRoomId(): string | undefined {
    return this.#options.desk.voiceRoomId
  }

  /** What the microphone hears, 0 to 1, muted or not. */
  level(): number {
    this.#meter ??= this.#options.sound.meter(this.#microphone)
    return this.#meter.level()
  }

  knows(userId: string): boolean {
    return this.#transport.links.getSnapshot().has(userId)
  }

  setMuted(isMuted: boolean): void {
    if (this.#state.getSnapshot().isMuted === isMuted) return
    this.#change({ isMuted, mutedBy: undefined })
    this.#options.line.mute(this.#options.roomId, isMuted)
  }

  /** The key or button of push-to-talk goes down or up. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.#openOrShut()
  }

  async chooseMicrophone(deviceId: string | undefined): Promise<void> {
    const { devices, preferences } = this.#options
    preferences.change({ microphone: deviceId })
    const microphone = await devices.open(deviceId).catch(() => undefined)
    if (microphone === undefined) this.#change({ isMicrophoneLost: true })
    else await this.#replaceMicrophone(microphone)
  }

  setVolume(userId: string, volume: number): void {
    const { preferences } = this.#options
    preferences.change({ volumes: { ...preferences.value.getSnapshot().volumes, [userId]: volume } })
    this.#applyVolume(userId)
  }

  /** Tries the links again that do not work. */
  retry(): void {
    this.#serversAt = 0
    this.#transport.retry()
  }

  signalled(signal: Signal): void {
    const { me } = this.#options
    switch (signal.kind) {
      case 'joined':
        if (this.#haveServersExpired()) void this.#freshServers()
        this.#transport.joined(signal.from)
        return
      case 'left':
        this.#talking.forget(signal.from)
        this.#transport.left(signal.from, signal.reason)
        return
      case 'note':
        this.#transport.receive(signal.from, signal.note)
        return
      case 'mute':
        if (signal.to === me && signal.muted) this.#change({ isMuted: true, mutedBy: signal.from })
        return
      case 'enabled':
    }
  }

  setLine(line: CallState['line']): void {
    this.#change({ line })
  }

  /** Joined again after the line was lost. */
  meetAgain(joined: Joined): void {
    this.#takeServers(joined)
    this.setLine('up')
    const { isMuted } = this.#state.getSnapshot()
    if (isMuted) this.#options.line.mute(this.#options.roomId, true)
    this.#transport.meet(joined.participants.map(({ userId }) => userId))
  }

  close(why: CloseReason): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const cancel of this.#cancels) cancel()
    this.#transport.close(why)
    this.#meter?.stop()
    stopTracks(this.#microphone)
  }

  /** A note went to nobody: they are gone, or it is this page that the server does not know in voice. */
  #refused(to: string, code: FailureCode): void {
    if (this.#isClosed) return
    if (code === 'notFound') this.#transport.left(to, 'disconnected')
    if (code === 'forbidden' && this.#state.getSnapshot().line === 'up') this.#options.unseated()
  }

  #heard(userId: string, track: MediaStreamTrack): void {
    this.#options.sound.play(userId, track)
    this.#applyVolume(userId)
  }

  #silent(userId: string): void {
    this.#options.sound.silence(userId)
  }

  #applyVolume(userId: string): void {
    const volume = this.#options.preferences.value.getSnapshot().volumes[userId] ?? 1
    if (!this.#transport.setVolume(userId, volume)) this.#options.sound.setVolume(userId, volume)
  }

  #preferencesChanged(): void {
    this.#options.sound.setSpeaker(this.#options.preferences.value.getSnapshot().speaker)
    this.#openOrShut()
  }

  #change(change: Partial<CallState>): void {
    this.#state.update((state) => ({ ...state, ...change }))
    this.#openOrShut()
  }

  /** A shut microphone sends silence: the connection stays as it is, so that opening takes no time. */
  #openOrShut(): void {
    const { isMuted, isOpen } = this.#state.getSnapshot()
    const { pushToTalk } = this.#options.preferences.value.getSnapshot()
    const next = !isMuted && (!pushToTalk || this.#isHeld)
    audioTrack(this.#microphone).enabled = next
    if (next !== isOpen) this.#state.update((state) => ({ ...state, isOpen: next }))
  }

  async #replaceMicrophone(microphone: MediaStream): Promise<void> {
    if (this.#isClosed) {
      stopTracks(microphone)
      return
    }
    const former = this.#microphone
    this.#meter?.stop()
    this.#meter = undefined
    this.#microphone = microphone
    this.#watchTrack()
    this.#change({ isMicrophoneLost: false })
    await this.#transport.setMicrophone(audioTrack(microphone))
    stopTracks(former)
  }

  /** An unplugged microphone ends its track; the system's choice takes over. */
  #watchTrack(): void {
    const track = audioTrack(this.#microphone)
    track.addEventListener('ended', () => {
      if (audioTrack(this.#microphone) === track && !this.#isClosed) void this.chooseMicrophone(undefined)
    })
  }

  /** A shut microphone says nothing. */
  #ownLevel(): number {
    return this.#state.getSnapshot().isOpen ? this.level() : 0
  }

  #listen(): void {
    const own: readonly [string, number] = [this.#options.me, this.#ownLevel()]
    this.#speaking.set(this.#talking.heard([own, ...this.#transport.levels()], this.#options.environment.now()))
  }

  async #measure(): Promise<void> {
    const before = this.#readings
    const readings = await this.#transport.readings()
    if (this.#isClosed) return
    this.#readings = new Map(readings)
    this.#quality.set(
      new Map(
        readings.flatMap(([userId, reading]) => {
          const former = before.get(userId)
          return former === undefined ? [] : [[userId, qualityBetween(former, reading)] as const]
        }),
      ),
    )
  }

  #takeServers({ iceServers, iceExpiresAt }: Joined): void {
    this.#servers = iceServers
    this.#serversAt = this.#options.environment.now()
    this.#serversUntil = iceExpiresAt
  }

  #haveServersExpired(): boolean {
    return this.#serversUntil !== undefined && this.#options.environment.now() > this.#serversUntil - EXPIRY_MARGIN_MS
  }

  async #freshServers(): Promise<readonly RTCIceServer[]> {
    const { environment, rejoin } = this.#options
    const areFresh = environment.now() - this.#serversAt < SERVERS_FRESH_MS && !this.#haveServersExpired()
    if (this.#state.getSnapshot().line !== 'up' || areFresh) return this.#servers
    this.#serversComing ??= rejoin().finally(() => {
      this.#serversComing = undefined
    })
    try {
      this.#takeServers(await this.#serversComing)
    } catch {
      // Those known last may still do.
    }
    return this.#servers
  }
}

function audioTrack(stream: MediaStream): MediaStreamTrack {
  const [track] = stream.getAudioTracks()
  if (track === undefined) throw new Error('a microphone without an audio track')
  return track
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}
