/**
 * The audio connection to one other participant: perfect negotiation (W3C WebRTC, section 10.7), candidates
 * kept until their description is there, ICE restarted when the path is lost, and a limit to the time that
 * all this may take. Knows neither the server nor who else is there.
 */

import { type Observable, Variable } from '../observable'
import type { Cancel, Environment } from '../transport/environment'
import { withOpusWishes } from './opus'
import { fragmentsOf, type Note, sessionOf } from './signals'

/** Why no audio goes through. */
export type LinkFault =
  /** No path between the two networks was found. */
  | 'noPath'
  /** The relay did not take the credentials, so a path through it could not be tried. */
  | 'relayRefused'

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  /** Was connected, and another path is being looked for. */
  | { readonly kind: 'interrupted' }
  /** The time is up. Should the path come back after all, the link is connected again. */
  | { readonly kind: 'failed'; readonly fault: LinkFault }

export interface PeerOptions {
  /** Of the two sides of a link exactly one gives way when both offer at once. */
  readonly isPolite: boolean
  readonly microphone: MediaStreamTrack
  /** Those given last. */
  readonly iceServers: () => readonly RTCIceServer[]
  readonly connect: (configuration: RTCConfiguration) => RTCPeerConnection
  readonly environment: Environment
  readonly send: (note: Note) => void
  /** Servers with fresh credentials, for another try. */
  readonly freshServers: () => Promise<readonly RTCIceServer[]>
  readonly heard: (track: MediaStreamTrack) => void
  /** Sees the connection before anything is negotiated. */
  readonly prepare?: (connection: RTCPeerConnection) => void
}

/** Connecting takes well under a second where it works; after this a person is told. */
export const CONNECT_LIMIT_MS = 10_000
/** Most lost paths come back by themselves sooner. The polite side waits longer, so that one side begins. */
const RESTART_AFTER_MS = { impolite: 2_000, polite: 3_500 } as const
/** An attempt whose messages were lost is made again after this. */
const AGAIN_AFTER_MS = 4_000
/** How long the first candidates may hold a description back: together they are one message instead of ten. */
const GATHER_MS = 10
/** Statuses with which a TURN server refuses credentials (RFC 8656). */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 438, 441])

export class Peer {
  readonly #options: PeerOptions
  readonly #connection: RTCPeerConnection
  readonly #state = new Variable<LinkState>({ kind: 'connecting' })
  #incoming: Promise<void> = Promise.resolve()
  #early: readonly RTCIceCandidateInit[] = []
  #isOffering = false
  #isAnswerPending = false
  #ignoresOffer = false
  /** Candidates go out one by one, since the description has gone. */
  #trickles = false
  #wasRefused = false
  #sender: RTCRtpSender | undefined
  #bitrate: number | undefined
  #cancelRestart: Cancel = () => undefined
  #cancelLimit: Cancel = () => undefined

  constructor(options: PeerOptions) {
    this.#options = options
    this.#connection = options.connect(configuration(options.iceServers()))
    const connection = this.#connection
    connection.addEventListener('negotiationneeded', () => void this.#offer())
    connection.addEventListener('icecandidate', ({ candidate }) => this.#found(candidate))
    connection.addEventListener('icecandidateerror', ({ errorCode }) => {
      if (REFUSALS.has(errorCode)) this.#wasRefused = true
    })
    connection.addEventListener('connectionstatechange', () => this.#connectionChanged())
    connection.addEventListener('track', ({ track }) => options.heard(track))
    options.prepare?.(connection)
    this.#limit()
  }

  get state(): Observable<LinkState> {
    return this.#state
  }

  /** A connection keeps one session id for life; another one comes from a page that was opened since. */
  isFromOtherPage(sdp: string): boolean {
    const known = sessionOf(this.#connection.remoteDescription?.sdp ?? '')
    return known !== undefined && known !== sessionOf(sdp)
  }

  /** Makes the first offer. The other side waits for it: two offers at once cost time. */
  call(): void {
    this.#attach()
    // Not by `negotiationneeded`, which waits for a page that is busy drawing the call.
    void this.#offer()
    this.#cancelRestart = this.#options.environment.after(AGAIN_AFTER_MS, () => void this.#remind())
  }

  /** Takes what the other side said; in the order in which it came. */
  receive(note: Note): void {
    // What cannot be applied belongs to an earlier round; the time limit watches over the rest.
    this.#incoming = this.#incoming.then(() => this.#apply(note)).catch(() => undefined)
  }

  async setMicrophone(track: MediaStreamTrack): Promise<void> {
    await this.#sender?.replaceTrack(track)
  }

  /** Bits a second, at most. */
  setBitrate(bitrate: number): void {
    this.#bitrate = bitrate
    this.#applyBitrate()
  }

  /** Looks for another path now, unless there is one, and gives it the whole time again. */
  restart(): void {
    const { connectionState } = this.#connection
    if (connectionState === 'connected' || connectionState === 'closed') return
    if (this.#state.getSnapshot().kind === 'failed') this.#state.set({ kind: 'connecting' })
    this.#wasRefused = false
    this.#limit()
    void this.#lookForPath()
  }

  async #lookForPath(): Promise<void> {
    this.#againLater(AGAIN_AFTER_MS)
    const iceServers = await this.#options.freshServers()
    if (this.#connection.signalingState === 'closed') return
    this.#connection.setConfiguration(configuration(iceServers))
    if (this.#sender === undefined) this.#attach()
    // An offer that nobody answered may have been lost with the line; the same one again does no harm.
    else if (this.#connection.signalingState === 'have-local-offer') await this.#describe('offer')
    else this.#connection.restartIce()
  }

  /** 0 to 1, of what was heard last. */
  level(): number {
    return this.#connection.getReceivers()[0]?.getSynchronizationSources()[0]?.audioLevel ?? 0
  }

  /** What comes from the other side. */
  tracks(): readonly MediaStreamTrack[] {
    return this.#connection.getReceivers().map(({ track }) => track)
  }

  async stats(): Promise<RTCStatsReport> {
    return await this.#connection.getStats()
  }

  close(): void {
    this.#cancelRestart()
    this.#cancelLimit()
    this.#connection.close()
  }

  #attach(): void {
    this.#sender ??= this.#connection.addTrack(this.#options.microphone)
  }

  async #offer(): Promise<void> {
    try {
      this.#isOffering = true
      this.#trickles = false
      await this.#connection.setLocalDescription()
    } catch {
      // Overtaken by the other side's offer, or closed.
      return
    } finally {
      this.#isOffering = false
    }
    await this.#describe('offer')
  }

  async #apply(note: Note): Promise<void> {
    if (note.kind === 'candidate') await this.#addCandidate(note.candidate)
    else await this.#addDescription(note)
  }

  async #addDescription({ kind, sdp }: Exclude<Note, { kind: 'candidate' }>): Promise<void> {
    const connection = this.#connection
    const isReady = !this.#isOffering && (connection.signalingState === 'stable' || this.#isAnswerPending)
    this.#ignoresOffer = !this.#options.isPolite && kind === 'offer' && !isReady
    if (this.#ignoresOffer) return
    this.#isAnswerPending = kind === 'answer'
    try {
      await connection.setRemoteDescription({ type: kind, sdp })
    } finally {
      this.#isAnswerPending = false
    }
    if (kind === 'offer') await this.#answer()
    const early = this.#early
    this.#early = []
    await Promise.all(early.map((candidate) => this.#addCandidate(candidate)))
  }

  async #answer(): Promise<void> {
    this.#attach()
    this.#trickles = false
    // Between the news of somebody and their offer fresh ones may have come.
    this.#connection.setConfiguration(configuration(this.#options.iceServers()))
    await this.#connection.setLocalDescription()
    this.#applyBitrate()
    // Not waited for: the candidates that follow need not wait for ours.
    void this.#describe('answer')
  }

  /** Messages may overtake each other: a candidate is kept until the description that it belongs to is there. */
  async #addCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    const sdp = this.#connection.remoteDescription?.sdp
    if (candidate === null) return
    const fragment = candidate.usernameFragment
    const isEarly = sdp === undefined || (typeof fragment === 'string' && !fragmentsOf(sdp).includes(fragment))
    if (isEarly) this.#early = [...this.#early, candidate]
    else await this.#connection.addIceCandidate(candidate)
  }

  /** Sends the local description with the candidates that are there at once. */
  async #describe(kind: 'offer' | 'answer'): Promise<void> {
    // An answer need not wait: the side that gets it can be reached as soon as it knocks.
    if (kind === 'offer') await this.#gathered()
    const { localDescription, signalingState } = this.#connection
    const isCurrent = kind === 'offer' ? signalingState === 'have-local-offer' : signalingState === 'stable'
    if (!isCurrent || localDescription?.type !== kind) return
    this.#trickles = true
    this.#options.send({ kind, sdp: withOpusWishes(localDescription.sdp) })
  }

  async #gathered(): Promise<void> {
    await new Promise<void>((resolve) => {
      const connection = this.#connection
      const cancel = this.#options.environment.after(GATHER_MS, resolve)
      const look = (): void => {
        if (connection.iceGatheringState !== 'complete') return
        cancel()
        resolve()
      }
      connection.addEventListener('icegatheringstatechange', look, { once: true })
      look()
    })
  }

  #found(candidate: RTCIceCandidate | null): void {
    if (this.#trickles && candidate !== null && candidate.candidate !== '') this.#options.send({ kind: 'candidate', candidate: candidate.toJSON() })
  }

  #connectionChanged(): void {
    switch (this.#connection.connectionState) {
      case 'connected':
        this.#cancelRestart()
        this.#cancelLimit()
        this.#applyBitrate()
        this.#state.set({ kind: 'connected' })
        return
      case 'disconnected':
        this.#interrupted(RESTART_AFTER_MS[this.#options.isPolite ? 'polite' : 'impolite'])
        return
      case 'failed':
        this.#interrupted(this.#options.isPolite ? RESTART_AFTER_MS.polite - RESTART_AFTER_MS.impolite : 0)
        return
      case 'new':
      case 'connecting':
      case 'closed':
    }
  }

  #interrupted(restartAfterMs: number): void {
    if (this.#state.getSnapshot().kind === 'connected') {
      this.#state.set({ kind: 'interrupted' })
      this.#limit()
    }
    this.#againLater(restartAfterMs)
  }

  /** The first offer again, where nobody answered; a search that goes on slowly is not begun anew. */
  async #remind(): Promise<void> {
    if (this.#connection.signalingState === 'have-local-offer') await this.#describe('offer')
  }

  #againLater(ms: number): void {
    this.#cancelRestart()
    this.#cancelRestart = this.#options.environment.after(ms, () => void this.#lookForPath())
  }

  /** Wrong TURN credentials never make a browser say `failed`, so the time is kept here. */
  #limit(): void {
    this.#cancelLimit()
    this.#cancelLimit = this.#options.environment.after(CONNECT_LIMIT_MS, () =>
      this.#state.set({ kind: 'failed', fault: this.#wasRefused ? 'relayRefused' : 'noPath' }),
    )
  }

  #applyBitrate(): void {
    const sender = this.#sender
    if (sender === undefined || this.#bitrate === undefined) return
    const parameters = sender.getParameters()
    const [encoding] = parameters.encodings
    if (encoding === undefined || encoding.maxBitrate === this.#bitrate) return
    encoding.maxBitrate = this.#bitrate
    // Refused while a negotiation runs; it is applied again when that one is done.
    sender.setParameters(parameters).catch(() => undefined)
  }
}

/**
 * Without a pool of candidates: Chromium 148 now and then finds none at all for a connection that is described
 * while its pool fills, more often where its servers are set meanwhile.
 */
function configuration(iceServers: readonly RTCIceServer[]): RTCConfiguration {
  return { iceServers: [...iceServers], bundlePolicy: 'max-bundle' }
}
