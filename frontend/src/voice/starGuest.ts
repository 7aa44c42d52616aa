/** A star from a guest's side: one connection, to the host, over which all the others are heard. */

import { type LinkState, Peer } from './peer'
import { type Reading, readingOf } from './quality'
import { CHANNEL, type HostWord, parseHostWord, say } from './sideband'
import type { Note } from './signals'
import type { SideOptions, StarSide } from './star'

/** Under what the mix is played, whoever is in it. */
const MIX = 'mix'
/** One stream of many people's voices. */
const BITRATE = 32_000

export class StarGuest implements StarSide {
  readonly #options: SideOptions
  readonly #volumes = new Map<string, number>()
  #peer: Peer | undefined
  #channel: RTCDataChannel | undefined
  #word: HostWord | undefined

  constructor(options: SideOptions) {
    this.#options = options
  }

  link(): LinkState {
    return this.#peer?.state.getSnapshot() ?? { kind: 'connecting' }
  }

  strangers(): number {
    return this.#word?.strangers ?? 0
  }

  needsSignaling(): boolean {
    return this.link().kind !== 'connected'
  }

  opened(): void {
    // Later openings are for a search that goes on already.
    if (this.#peer === undefined) this.#call()
  }

  receive(_from: string, note: Note): void {
    // The host went on from another page, which knows nothing of what was agreed on before.
    if (note.kind === 'answer' && this.#peer?.isFromOtherPage(note.sdp) === true) {
      this.#peer.close()
      this.#call()
    } else this.#peer?.receive(note)
  }

  left(userId: string): void {
    if (userId === this.#word?.host) this.#options.ended({ kind: 'hostGone' })
  }

  peopleChanged(): void {
    // Whoever they are, the host mixes them.
  }

  async setMicrophone(track: MediaStreamTrack): Promise<void> {
    await this.#peer?.setMicrophone(track)
  }

  retry(): void {
    this.#peer?.restart()
  }

  levels(): readonly (readonly [string, number])[] {
    const { me } = this.#options
    return Object.entries(this.#word?.levels ?? {}).filter(([userId]) => userId !== me)
  }

  async readings(): Promise<readonly (readonly [string, Reading])[]> {
    const host = this.#word?.host
    if (this.#peer === undefined || host === undefined) return []
    const reading = readingOf((await this.#peer.stats()).values())
    return reading === undefined ? [] : [[host, reading]]
  }

  setVolume(userId: string, volume: number): boolean {
    this.#volumes.set(userId, volume)
    say(this.#channel, { kind: 'volume', userId, volume })
    return true
  }

  close(): void {
    this.#peer?.close()
    this.#options.silent(MIX)
  }

  #call(): void {
    const { microphone, iceServers, connect, environment, freshServers, sendTo, heard, changed } = this.#options
    const peer = new Peer({
      // Guests begin, so it is the host that gives way.
      isPolite: false,
      microphone,
      iceServers,
      connect,
      environment,
      freshServers,
      send: (note) => sendTo(undefined, note),
      heard: (track) => heard(MIX, track),
      prepare: (connection) => this.#openChannel(connection),
    })
    peer.state.subscribe(changed)
    peer.setBitrate(BITRATE)
    this.#peer = peer
    peer.call()
    changed()
  }

  #openChannel(connection: RTCPeerConnection): void {
    const channel = connection.createDataChannel(CHANNEL)
    channel.addEventListener('open', () => {
      for (const [userId, volume] of this.#volumes) say(channel, { kind: 'volume', userId, volume })
    })
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      const before = this.strangers()
      this.#word = parseHostWord(data) ?? this.#word
      if (this.strangers() !== before) this.#options.changed()
    })
    this.#channel = channel
  }
}
