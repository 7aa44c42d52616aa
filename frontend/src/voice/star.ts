/**
 * Everybody connected to one host, who mixes for all the others; the descriptions go over a Kinesis Video
 * signaling channel. Whoever opened the room's voice is the host, and with the host it ends.
 */

import { type Observable, Variable } from '../observable'
import { fullJitter } from '../transport/backoff'
import type { Cancel } from '../transport/environment'
import { asRequestError } from '../transport/errors'
import type { MixerFactory } from './mixer'
import type { LinkState } from './peer'
import type { Reading } from './quality'
import type { Seat } from './seat'
import type { OpenSignaling, Signaling, SignalingLoader } from './signaling'
import type { CloseReason, LeaveReason, Note } from './signals'
import { StarGuest } from './starGuest'
import { StarHost } from './starHost'
import { EXPIRY_MARGIN_MS, type Link, type Links, type TransportOptions, type VoiceTransport } from './transport'

/** A star from one of its two sides. */
export interface StarSide {
  /** The audio to a person, as far as it is known. */
  link(userId: string): LinkState
  /** How many take part whom the server cannot name. */
  strangers(): number
  /** Whether the way to the channel is needed now. */
  needsSignaling(): boolean
  receive(from: string, note: Note): void
  /** The way is open, for the first time or again. */
  opened(): void
  left(userId: string): void
  /** Somebody is there, or everybody is there anew, of whom the server knows more now. */
  peopleChanged(): void
  setMicrophone(track: MediaStreamTrack): Promise<void>
  retry(): void
  levels(): readonly (readonly [string, number])[]
  readings(): Promise<readonly (readonly [string, Reading])[]>
  setVolume(userId: string, volume: number): boolean
  close(): void
}

export interface SideOptions extends TransportOptions {
  readonly sendTo: (to: string | undefined, note: Note) => void
  readonly changed: () => void
  /** Whether the server counts a person among those who talk. */
  readonly isHere: (userId: string) => boolean
}

export interface StarParts {
  readonly signaling: SignalingLoader
  readonly mix: MixerFactory
}

const UNKNOWN: LinkState = { kind: 'connecting' }

export class Star implements VoiceTransport {
  readonly #options: TransportOptions
  readonly #parts: StarParts
  readonly #links = new Variable<Links>(new Map())
  readonly #strangers = new Variable(0)
  readonly #people = new Set<string>()
  #microphone: MediaStreamTrack
  #side: StarSide | undefined
  #role: Seat['role'] | undefined
  #servers: readonly RTCIceServer[] = []
  #serversUntil: number | undefined
  #signaling: Signaling | undefined
  #opening: Promise<void> | undefined
  #attempt = 0
  #cancelRetry: Cancel = () => undefined
  #isClosed = false

  constructor(options: TransportOptions, parts: StarParts) {
    this.#options = options
    this.#parts = parts
    this.#microphone = options.microphone
    void this.#open()
  }

  get links(): Observable<Links> {
    return this.#links
  }

  get strangers(): Observable<number> {
    return this.#strangers
  }

  meet(others: readonly string[]): void {
    this.#people.clear()
    for (const userId of others) this.#people.add(userId)
    this.#publish()
    // With the seat the server notes the new line as the host's, and lets the star live.
    if (this.#role === 'host') void this.#open()
    // A guest comes to the channel under the new line's client id, by which the host can have them named.
    if (this.#role === 'guest') {
      this.#closeSignaling()
      if (this.#side?.needsSignaling() === true) void this.#open()
    }
    this.#side?.peopleChanged()
    this.#side?.retry()
  }

  joined(userId: string): void {
    this.#people.add(userId)
    this.#side?.peopleChanged()
    this.#publish()
    // A newcomer calls the host soon.
    if (this.#role === 'host' && this.#haveServersExpired()) void this.#open()
  }

  left(userId: string, reason: LeaveReason): void {
    // A lost line to the server says nothing of the audio, which has a watch of its own.
    const mayReturn = reason === 'disconnected' || reason === 'replaced'
    if (mayReturn && this.#side?.link(userId).kind === 'connected') return
    this.#people.delete(userId)
    // Until the server ends a star, its host may come back to it.
    if (!mayReturn || this.#role === 'host') this.#side?.left(userId)
    this.#publish()
  }

  receive(): void {
    // Descriptions come over the channel; one that comes through the server is from a mesh that was.
  }

  async setMicrophone(track: MediaStreamTrack): Promise<void> {
    this.#microphone = track
    await this.#side?.setMicrophone(track)
  }

  retry(): void {
    if (this.#signaling === undefined) void this.#open()
    this.#side?.retry()
  }

  levels(): readonly (readonly [string, number])[] {
    return this.#side?.levels() ?? []
  }

  async readings(): Promise<readonly (readonly [string, Reading])[]> {
    return (await this.#side?.readings()) ?? []
  }

  setVolume(userId: string, volume: number): boolean {
    return this.#side?.setVolume(userId, volume) ?? false
  }

  close(why: CloseReason): void {
    this.#isClosed = true
    this.#cancelRetry()
    this.#side?.close()
    this.#closeSignaling()
    this.#options.desk.close(why)
  }

  #closeSignaling(): void {
    this.#signaling?.abandon()
    this.#signaling = undefined
  }

  /** Takes a seat, with fresh servers, and opens the way to the channel where there is none. */
  #open(): Promise<void> {
    this.#opening ??= this.#takeSeat().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #takeSeat(): Promise<void> {
    if (this.#isClosed) return
    this.#cancelRetry()
    try {
      const [seat, open] = await Promise.all([this.#options.desk.seat(), this.#parts.signaling()])
      this.#servers = seat.iceServers
      this.#serversUntil = seat.iceExpiresAt
      if (this.#signaling === undefined) this.#connect(seat, open)
      else this.#attempt = 0
    } catch (thrown) {
      this.#seatRefused(thrown)
    }
  }

  #connect(seat: Seat, open: OpenSignaling): void {
    if (this.#isClosed) return
    this.#role = seat.role
    this.#side ??= this.#sit(seat)
    const side = this.#side
    this.#signaling = open(seat, {
      opened: () => {
        this.#attempt = 0
        side.opened()
      },
      received: (note, from) => void this.#received(side, note, from),
      closed: () => {
        this.#signaling = undefined
        if (side.needsSignaling()) this.#openLater()
      },
    })
  }

  /** Offers are answered with servers whose credentials are good; candidates that overtake one are kept by whom they are for. */
  async #received(side: StarSide, note: Note, from: string): Promise<void> {
    if (note.kind === 'offer' && this.#haveServersExpired()) await this.#open()
    side.receive(from, note)
  }

  #sit(seat: Seat): StarSide {
    const options: SideOptions = {
      ...this.#options,
      microphone: this.#microphone,
      iceServers: () => this.#servers,
      freshServers: () => this.#freshServers(),
      sendTo: (to, note) => this.#signaling?.send(note, to),
      changed: () => this.#publish(),
      isHere: (userId) => this.#people.has(userId),
    }
    return seat.role === 'host' ? new StarHost(options, this.#parts.mix) : new StarGuest(options)
  }

  #haveServersExpired(): boolean {
    return this.#serversUntil !== undefined && this.#options.environment.now() > this.#serversUntil - EXPIRY_MARGIN_MS
  }

  /** A new path needs the channel too, so both come together. */
  async #freshServers(): Promise<readonly RTCIceServer[]> {
    if (this.#signaling === undefined || this.#haveServersExpired()) await this.#open()
    return this.#servers
  }

  #seatRefused(thrown: unknown): void {
    const { code, message, retryAfterMs } = asRequestError(thrown)
    const isPassing = code === 'disconnected' || code === 'timeout' || code === 'rateLimited' || code === 'internal'
    if (this.#isClosed) return
    if (isPassing) {
      this.#openLater(retryAfterMs)
      return
    }
    // Whoever owns this closes it now; until then nothing more is asked.
    this.#isClosed = true
    if (code === 'notFound') this.#options.ended({ kind: this.#role === 'host' ? 'ended' : 'hostGone' })
    else this.#options.ended({ kind: 'refused', code, message })
  }

  /** In `afterMs`, where the server has told a time. */
  #openLater(afterMs?: number): void {
    const { environment } = this.#options
    this.#cancelRetry()
    this.#cancelRetry = environment.after(afterMs ?? fullJitter(this.#attempt, environment.random()), () => void this.#open())
    this.#attempt += 1
  }

  #publish(): void {
    const link = (userId: string): Link => ({ state: this.#side?.link(userId) ?? UNKNOWN, isAway: false })
    this.#links.set(new Map([...this.#people].map((userId) => [userId, link(userId)])))
    this.#strangers.set(this.#side?.strangers() ?? 0)
  }
}
