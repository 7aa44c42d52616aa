/** Everybody connected to everybody: no server sees the audio. Good up to six; each person sends to all others. */

import { type Observable, type Unsubscribe, Variable } from '../observable'
import type { Cancel } from '../transport/environment'
import { bitrateFor } from './opus'
import { Peer } from './peer'
import { type Reading, readingOf } from './quality'
import type { LeaveReason, Note } from './signals'
import type { Link, Links, TransportOptions, VoiceTransport } from './transport'

/** How long audio is kept for somebody whose line to the server is gone: the path between the two may be well. */
export const AWAY_MS = 30_000
/** A newcomer offers. Where no offer comes, two have joined at once, or it was lost. */
export const OFFER_AWAITED_MS = 1_500

interface Member {
  readonly peer: Peer
  isAway: boolean
  readonly unwatch: Unsubscribe
  cancelTimer: Cancel
}

export class Mesh implements VoiceTransport {
  readonly #options: TransportOptions
  readonly #members = new Map<string, Member>()
  readonly #links = new Variable<Links>(new Map())
  #microphone: MediaStreamTrack

  constructor(options: TransportOptions) {
    this.#options = options
    this.#microphone = options.microphone
  }

  /** The server, which carries the descriptions, knows everybody. */
  readonly strangers: Observable<number> = new Variable(0)

  get links(): Observable<Links> {
    return this.#links
  }

  meet(others: readonly string[]): void {
    for (const userId of this.#members.keys()) if (!others.includes(userId)) this.left(userId, 'disconnected')
    for (const userId of others) this.#call(userId)
  }

  joined(userId: string): void {
    const member = this.#members.get(userId)
    if (member !== undefined) {
      this.#return(member)
      return
    }
    const newcomer = this.#add(userId)
    newcomer.cancelTimer = this.#options.environment.after(OFFER_AWAITED_MS, () => newcomer.peer.call())
  }

  left(userId: string, reason: LeaveReason): void {
    const member = this.#members.get(userId)
    if (member === undefined) return
    const mayReturn = reason === 'disconnected' || reason === 'replaced'
    if (!mayReturn || member.peer.state.getSnapshot().kind === 'failed') {
      this.#remove(userId)
      return
    }
    // The time runs from the first word of it.
    if (member.isAway) return
    member.isAway = true
    member.cancelTimer()
    member.cancelTimer = this.#options.environment.after(AWAY_MS, () => this.#remove(userId))
    this.#publish()
  }

  receive(from: string, note: Note): void {
    const member = this.#members.get(from)
    const isOther = member !== undefined && note.kind !== 'candidate' && member.peer.isFromOtherPage(note.sdp)
    if (isOther) this.#remove(from)
    // An answer to a page that is gone answers nothing; a fresh offer makes up for it.
    if (isOther && note.kind === 'answer') this.#call(from)
    else this.#heardFrom(from).receive(note)
  }

  async setMicrophone(track: MediaStreamTrack): Promise<void> {
    this.#microphone = track
    await Promise.all([...this.#members.values()].map(({ peer }) => peer.setMicrophone(track)))
  }

  retry(): void {
    for (const { peer } of this.#members.values()) peer.restart()
  }

  levels(): readonly (readonly [string, number])[] {
    return [...this.#members].map(([userId, { peer }]) => [userId, peer.level()])
  }

  async readings(): Promise<readonly (readonly [string, Reading])[]> {
    const readings = await Promise.all([...this.#members].map(async ([userId, { peer }]) => [userId, readingOf((await peer.stats()).values())] as const))
    return readings.flatMap(([userId, reading]) => (reading === undefined ? [] : [[userId, reading] as const]))
  }

  setVolume(): boolean {
    return false
  }

  close(): void {
    for (const userId of this.#members.keys()) this.#remove(userId)
  }

  #call(userId: string): void {
    const member = this.#members.get(userId)
    if (member === undefined) this.#add(userId).peer.call()
    else this.#return(member)
  }

  /** Known, and in voice again: the link is kept where it still works. */
  #return(member: Member): void {
    member.cancelTimer()
    member.isAway = false
    this.#publish()
    member.peer.restart()
  }

  #heardFrom(userId: string): Peer {
    const member = this.#members.get(userId)
    if (member === undefined) return this.#add(userId).peer
    if (!member.isAway) member.cancelTimer()
    return member.peer
  }

  #add(userId: string): Member {
    const { me, environment, connect, freshServers, send, heard, iceServers } = this.#options
    const peer = new Peer({
      isPolite: me < userId,
      microphone: this.#microphone,
      iceServers,
      connect,
      environment,
      freshServers,
      send: (note) => send(userId, note),
      heard: (track) => heard(userId, track),
    })
    const member: Member = { peer, isAway: false, unwatch: peer.state.subscribe(() => this.#changed(userId)), cancelTimer: () => undefined }
    this.#members.set(userId, member)
    this.#resized()
    return member
  }

  /** Nobody waits for those whose line and whose audio are both gone. */
  #changed(userId: string): void {
    const member = this.#members.get(userId)
    if (member?.isAway === true && member.peer.state.getSnapshot().kind === 'failed') this.#remove(userId)
    else this.#publish()
  }

  #remove(userId: string): void {
    const member = this.#members.get(userId)
    if (member === undefined) return
    this.#members.delete(userId)
    member.cancelTimer()
    member.unwatch()
    member.peer.close()
    this.#options.silent(userId)
    this.#resized()
  }

  #resized(): void {
    const bitrate = bitrateFor(this.#members.size + 1)
    for (const { peer } of this.#members.values()) peer.setBitrate(bitrate)
    this.#publish()
  }

  #publish(): void {
    this.#links.set(new Map([...this.#members].map(([userId, member]) => [userId, linkOf(member)])))
  }
}

function linkOf({ peer, isAway }: Member): Link {
  return { state: peer.state.getSnapshot(), isAway }
}
