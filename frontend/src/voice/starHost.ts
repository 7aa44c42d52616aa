/** A star from the host's side: one connection to each guest, and a mix of its own for each. */

import type { Cancel } from '../transport/environment'
import { asRequestError } from '../transport/errors'
import { HOST_SOURCE, type Mixer, type MixerFactory } from './mixer'
import { type LinkState, Peer } from './peer'
import { type Reading, readingOf } from './quality'
import { CHANNEL, parseGuestWord, say } from './sideband'
import type { Note } from './signals'
import { every } from './sound'
import type { SideOptions, StarSide } from './star'

/** How often guests are told who speaks. */
const LEVELS_MS = 200
const BITRATE = 32_000
/** After which the server is asked again for names that could not be had. */
const NAMES_AGAIN_MS = 2_000

interface Guest {
  readonly peer: Peer
  /** As the server names whoever has this client id. */
  userId: string | undefined
  /** The server was asked who they are. */
  isAsked: boolean
  channel: RTCDataChannel | undefined
}

export class StarHost implements StarSide {
  readonly #options: SideOptions
  readonly #mixer: Mixer
  readonly #guests = new Map<string, Guest>()
  /** Who was ever behind which client id; none is used again. */
  readonly #names = new Map<string, string>()
  readonly #cancelLevels: Cancel
  #cancelNames: Cancel = () => undefined

  constructor(options: SideOptions, mix: MixerFactory) {
    this.#options = options
    this.#mixer = mix(options.audio(), options.microphone)
    this.#cancelLevels = every((ms, task) => options.environment.after(ms, task), LEVELS_MS, () => this.#tellLevels())
  }

  link(userId: string): LinkState {
    return this.#named(userId)?.peer.state.getSnapshot() ?? { kind: 'connecting' }
  }

  strangers(): number {
    const { isHere } = this.#options
    const isStranger = ({ userId, isAsked }: Guest): boolean => (userId === undefined ? isAsked : !isHere(userId))
    return [...this.#guests.values()].filter((guest) => isStranger(guest) && guest.peer.state.getSnapshot().kind === 'connected').length
  }

  /** Guests may come at any time. */
  needsSignaling(): boolean {
    return true
  }

  opened(): void {
    // Guests begin.
  }

  receive(from: string, note: Note): void {
    if (note.kind === 'offer' && this.#guests.get(from)?.peer.isFromOtherPage(note.sdp) === true) this.#remove(from)
    const guest = this.#guests.get(from) ?? this.#add(from)
    guest.peer.receive(note)
  }

  left(userId: string): void {
    for (const [clientId, guest] of this.#guests) if (guest.userId === userId) this.#remove(clientId)
  }

  peopleChanged(): void {
    void this.#askNames()
  }

  setMicrophone(track: MediaStreamTrack): Promise<void> {
    this.#mixer.setMicrophone(track)
    return Promise.resolve()
  }

  retry(): void {
    for (const { peer } of this.#guests.values()) peer.restart()
  }

  levels(): readonly (readonly [string, number])[] {
    return [...this.#guests].map(([clientId, { peer, userId }]) => [userId ?? clientId, peer.level()])
  }

  async readings(): Promise<readonly (readonly [string, Reading])[]> {
    const readings = await Promise.all(
      [...this.#guests].map(async ([clientId, { peer, userId }]) => [userId ?? clientId, readingOf((await peer.stats()).values())] as const),
    )
    return readings.flatMap(([userId, reading]) => (reading === undefined ? [] : [[userId, reading] as const]))
  }

  /** The host plays every guest by themselves. */
  setVolume(): boolean {
    return false
  }

  close(): void {
    this.#cancelLevels()
    this.#cancelNames()
    for (const clientId of this.#guests.keys()) this.#remove(clientId)
    this.#mixer.close()
  }

  #named(userId: string): Guest | undefined {
    return [...this.#guests.values()].find((guest) => guest.userId === userId)
  }

  #add(clientId: string): Guest {
    const { iceServers, connect, environment, freshServers, sendTo } = this.#options
    const peer = new Peer({
      isPolite: true,
      microphone: this.#mixer.addListener(clientId),
      iceServers,
      connect,
      environment,
      freshServers,
      send: (note) => sendTo(clientId, note),
      heard: (track) => this.#heard(clientId, track),
      prepare: (connection) => connection.addEventListener('datachannel', ({ channel }) => this.#listen(clientId, channel)),
    })
    peer.setBitrate(BITRATE)
    peer.state.subscribe(() => this.#changed(clientId))
    const guest: Guest = { peer, userId: undefined, isAsked: false, channel: undefined }
    this.#guests.set(clientId, guest)
    if (this.#names.has(clientId)) this.#name()
    else void this.#askNames()
    return guest
  }

  /** Asks the server who the guests are: what they say of themselves anybody could say. */
  async #askNames(): Promise<void> {
    this.#cancelNames()
    const asked = [...this.#guests.values()].filter(({ userId }) => userId === undefined)
    if (asked.length === 0) return
    try {
      for (const [clientId, userId] of await this.#options.desk.guests()) this.#names.set(clientId, userId)
    } catch (thrown) {
      const { retryAfterMs } = asRequestError(thrown)
      this.#cancelNames = this.#options.environment.after(retryAfterMs ?? NAMES_AGAIN_MS, () => void this.#askNames())
    }
    for (const guest of asked) guest.isAsked = true
    this.#name()
    this.#options.changed()
  }

  /** Gives guests the names that are known. */
  #name(): void {
    for (const [clientId, guest] of this.#guests) {
      const userId = this.#names.get(clientId)
      if (userId === undefined || guest.userId !== undefined) continue
      // They have come on another line, with another client id.
      this.left(userId)
      guest.userId = userId
      const [track] = guest.peer.tracks()
      if (track !== undefined) {
        this.#options.silent(clientId)
        this.#options.heard(userId, track)
      }
    }
  }

  /** A guest whose path is gone for good joins again by itself. */
  #changed(clientId: string): void {
    if (this.#guests.get(clientId)?.peer.state.getSnapshot().kind === 'failed') this.#remove(clientId)
    this.#options.changed()
  }

  #heard(clientId: string, track: MediaStreamTrack): void {
    // Played under the name that it will have; Web Audio hears a remote track only while something plays it.
    this.#options.heard(this.#guests.get(clientId)?.userId ?? clientId, track)
    this.#mixer.setSource(clientId, track)
  }

  #listen(clientId: string, channel: RTCDataChannel): void {
    const guest = this.#guests.get(clientId)
    if (guest === undefined || channel.label !== CHANNEL) return
    guest.channel = channel
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      const word = parseGuestWord(data)
      if (word !== undefined) this.#mixer.setGain(clientId, this.#sourceOf(word.userId), word.volume)
    })
  }

  #sourceOf(userId: string): string {
    if (userId === this.#options.me) return HOST_SOURCE
    return [...this.#guests].find(([, guest]) => guest.userId === userId)?.[0] ?? userId
  }

  #tellLevels(): void {
    const { me } = this.#options
    // A client id is its owner's alone: who knows it could pass for them.
    const guests = [...this.#guests.values()].flatMap(({ peer, userId }) => (userId === undefined ? [] : [[userId, peer.level()] as const]))
    const levels = Object.fromEntries([[me, this.#options.ownLevel()], ...guests])
    const strangers = this.strangers()
    for (const { channel } of this.#guests.values()) say(channel, { kind: 'levels', host: me, levels, strangers })
  }

  #remove(clientId: string): void {
    const guest = this.#guests.get(clientId)
    if (guest === undefined) return
    this.#guests.delete(clientId)
    guest.peer.close()
    this.#mixer.remove(clientId)
    this.#options.silent(guest.userId ?? clientId)
    this.#options.changed()
  }
}
