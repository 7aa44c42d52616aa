/**
 * Peer connections in memory: descriptions, rollback and ICE generations as browsers have them, audio where two
 * describe each other and the network lets them. No media, no encryption, one candidate each.
 */

type Kind = 'offer' | 'answer'

/** All connections of a test, and the weather between them. */
export class FakeNetwork {
  readonly connections: FakeConnection[] = []
  /** Whether audio finds a path. */
  isPassable = true
  /** The status with which the relay refuses, if it does. */
  refusal: number | undefined

  readonly connect = (configuration: RTCConfiguration): RTCPeerConnection => {
    const connection = new FakeConnection(this, String(this.connections.length + 1), configuration)
    this.connections.push(connection)
    // The part of the interface that the product uses; tests would show any other.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return connection as unknown as RTCPeerConnection
  }

  get open(): readonly FakeConnection[] {
    return this.connections.filter(({ signalingState }) => signalingState !== 'closed')
  }

  /** Joins those that describe each other, or parts all. */
  settle(): void {
    for (const one of this.open) {
      const other = this.open.find(({ id }) => id === one.remoteId)
      const isPair = other !== undefined && other.remoteId === one.id && one.isStable && other.isStable
      if (isPair && this.isPassable && one.fragmentSeen === other.fragment && other.fragmentSeen === one.fragment) {
        one.become('connected')
        one.channel?.connect(other)
      }
      else if (one.connectionState === 'connected' && (!this.isPassable || !isPair)) one.become('disconnected')
    }
  }
}

/** One end of a data channel. */
export class FakeDataChannel extends EventTarget {
  readonly label: string
  readyState: RTCDataChannelState = 'connecting'
  #other: FakeDataChannel | undefined

  constructor(label: string) {
    super()
    this.label = label
  }

  send(data: string): void {
    const other = this.#other
    queueMicrotask(() => other?.dispatchEvent(Object.assign(new Event('message'), { data })))
  }

  /** The side that made the channel meets the other one. */
  connect(connection: FakeConnection): void {
    if (this.#other !== undefined) return
    const other = new FakeDataChannel(this.label)
    this.#other = other
    other.#other = this
    other.readyState = 'open'
    connection.dispatchEvent(Object.assign(new Event('datachannel'), { channel: other }))
    this.readyState = 'open'
    this.dispatchEvent(new Event('open'))
  }
}

export class FakeConnection extends EventTarget {
  readonly id: string
  configuration: RTCConfiguration
  signalingState: RTCSignalingState = 'stable'
  connectionState: RTCPeerConnectionState = 'new'
  iceGatheringState: RTCIceGatheringState = 'complete'
  localDescription: { type: Kind; sdp: string } | null = null
  remoteDescription: { type: Kind; sdp: string } | null = null
  readonly candidates: RTCIceCandidateInit[] = []
  track: MediaStreamTrack | undefined
  channel: FakeDataChannel | undefined
  /** What the track's encoder may use, bits a second. */
  maxBitrate: number | undefined
  readonly #network: FakeNetwork
  #generation = 1
  #wantsRestart = false
  #isDescribing = false

  constructor(network: FakeNetwork, id: string, configuration: RTCConfiguration) {
    super()
    this.#network = network
    this.id = id
    this.configuration = configuration
  }

  get isStable(): boolean {
    return this.signalingState === 'stable' && this.localDescription !== null && this.remoteDescription !== null
  }

  get remoteId(): string | undefined {
    return /^o=- (\S+)/m.exec(this.remoteDescription?.sdp ?? '')?.[1]
  }

  get fragment(): string | undefined {
    return fragment(this.localDescription?.sdp)
  }

  /** The generation that the other side has described. */
  get fragmentSeen(): string | undefined {
    return fragment(this.remoteDescription?.sdp)
  }

  addTrack(track: MediaStreamTrack): object {
    this.track = track
    if (this.signalingState === 'stable') this.#needNegotiation()
    return {
      replaceTrack: (next: MediaStreamTrack) => {
        this.track = next
        return Promise.resolve()
      },
      getParameters: () => ({ encodings: [{ maxBitrate: this.maxBitrate }] }),
      setParameters: ({ encodings: [encoding] }: { encodings: { maxBitrate: number }[] }) => {
        this.maxBitrate = encoding?.maxBitrate
        return Promise.resolve()
      },
    }
  }

  createDataChannel(label: string): FakeDataChannel {
    this.channel = new FakeDataChannel(label)
    return this.channel
  }

  getReceivers(): readonly object[] {
    return [{ track: { kind: 'audio', of: this.remoteId }, getSynchronizationSources: () => [{ audioLevel: this.connectionState === 'connected' ? 0.3 : 0 }] }]
  }

  getStats(): Promise<Map<string, object>> {
    return Promise.resolve(new Map())
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration
  }

  restartIce(): void {
    this.#wantsRestart = true
    if (this.signalingState === 'stable') this.#needNegotiation()
  }

  async setLocalDescription(): Promise<void> {
    this.#isDescribing = true
    await Promise.resolve()
    this.#isDescribing = false
    const isAnswer = this.signalingState === 'have-remote-offer'
    if (this.#wantsRestart || (isAnswer && this.localDescription !== null && this.#isRestarted)) this.#generation += 1
    this.#wantsRestart = false
    this.localDescription = { type: isAnswer ? 'answer' : 'offer', sdp: this.#sdp() }
    this.signalingState = isAnswer ? 'stable' : 'have-local-offer'
    if (this.#network.refusal !== undefined) this.dispatchEvent(Object.assign(new Event('icecandidateerror'), { errorCode: this.#network.refusal }))
    this.#changed()
  }

  async setRemoteDescription({ type, sdp }: { type: Kind; sdp: string }): Promise<void> {
    await Promise.resolve()
    if (type === 'answer' && this.signalingState !== 'have-local-offer') throw new DOMException('no offer to answer', 'InvalidStateError')
    const isFirst = this.remoteDescription === null
    this.#isRestarted = !isFirst && this.fragmentSeen !== fragment(sdp)
    this.remoteDescription = { type, sdp }
    this.signalingState = type === 'offer' ? 'have-remote-offer' : 'stable'
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    if (isFirst) this.dispatchEvent(Object.assign(new Event('track'), { track: { kind: 'audio', of: this.remoteId } as unknown as MediaStreamTrack }))
    this.#changed()
  }

  #isRestarted = false

  addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    if (this.remoteDescription === null) return Promise.reject(new DOMException('no description', 'InvalidStateError'))
    this.candidates.push(candidate)
    return Promise.resolve()
  }

  /** Finds a candidate. */
  find(candidate: string): void {
    const found = { candidate, toJSON: () => ({ candidate, sdpMid: '0', usernameFragment: this.fragment }) }
    this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate: found }))
  }

  become(state: RTCPeerConnectionState): void {
    if (this.connectionState === state || this.signalingState === 'closed') return
    this.connectionState = state
    this.dispatchEvent(new Event('connectionstatechange'))
  }

  close(): void {
    this.signalingState = 'closed'
    this.connectionState = 'closed'
    this.#changed()
  }

  #needNegotiation(): void {
    queueMicrotask(() => {
      if (this.signalingState === 'stable' && !this.#isDescribing) this.dispatchEvent(new Event('negotiationneeded'))
    })
  }

  #changed(): void {
    queueMicrotask(() => this.#network.settle())
  }

  #sdp(): string {
    return [
      'v=0',
      `o=- ${this.id} ${this.#generation} IN IP4 127.0.0.1`,
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      `a=ice-ufrag:${this.id}.${this.#generation}`,
      'a=rtpmap:111 opus/48000/2',
      'a=fmtp:111 minptime=10;useinbandfec=1',
      '',
    ].join('\r\n')
  }
}

function fragment(sdp: string | undefined): string | undefined {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp ?? '')?.[1]
}
