/** A star from the host's side: one connection to each guest, and a mix of its own for each. */

import type { Cancel } from '../transport/environment'
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
  /** The server has been asked, and does not know them: they chose the client id themselves. */
  isStranger: boolean
  channel: RTCDataChannel | undefined
}

export class StarHost implements StarSide {
  readonly #options: SideOptions
  readonly #mixer: Mixer
  readonly #guests = new Map<string, Guest>()
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
    return [...this.#guests.values()].filter(({ peer, isStranger }) => isStranger && peer.state.getSnapshot().kind === 'connected').length
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
    const guest: Guest = { peer, userId: undefined, isStranger: false, channel: undefined }
    this.#guests.set(clientId, guest)
    void this.#askNames()
    return guest
  }

  /** Asks the server who the guests are: what they say of themselves anybody could say. */
  async #askNames(): Promise<void> {
    this.#cancelNames()
    const asked = [...this.#guests].filter(([, { userId }]) => userId === undefined)
    if (asked.length === 0) return
    try {
      const names = await this.#options.desk.guests()
      for (const [clientId, guest] of asked) if (this.#guests.get(clientId) === guest) this.#name(clientId, guest, names.get(clientId))
    } catch {
      this.#cancelNames = this.#options.environment.after(NAMES_AGAIN_MS, () => void this.#askNames())
    }
  }

  #name(clientId: string, guest: Guest, userId: string | undefined): void {
    if (guest.userId !== undefined) return
    guest.isStranger = userId === undefined
    if (userId !== undefined) {
      // They have come on another line, with another client id.
      this.left(userId)
      guest.userId = userId
      const [track] = guest.peer.tracks()
      if (track !== undefined) {
        this.#options.silent(clientId)
        this.#options.heard(userId, track)
      }
    }
    this.#options.changed()
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
    const levels = Object.fromEntries([[me, this.#options.ownLevel()], ...this.levels()])
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
