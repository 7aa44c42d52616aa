/**
 * What the first browser client did, in a page of its own: one socket with the protocol's first part, and
 * the published Kinesis Video library, which signs for itself with the credentials it is lent.
 */

import { Role, SignalingClient } from 'amazon-kinesis-video-streams-webrtc'

export type Frame = Readonly<Record<string, unknown>>

interface Lent {
  readonly role: 'MASTER' | 'VIEWER'
  readonly channelARN: string
  readonly region: string
  readonly endpoints: readonly { readonly Protocol: string; readonly ResourceEndpoint: string }[]
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string }
  readonly clientId: string
  readonly iceServers: RTCIceServer[]
}

/** A viewer, as the master keeps them: what they hear, and what they say. */
interface Guest {
  readonly connection: RTCPeerConnection
  readonly ear: MediaStreamAudioDestinationNode
  mouth: AudioNode | undefined
}

declare global {
  interface Window {
    original: Original
  }
}

class Original {
  readonly #audio = new AudioContext()
  readonly #frames: Frame[] = []
  readonly #guests = new Map<string, Guest>()
  #socket: WebSocket | undefined
  /** What was lent last. */
  #lent: Lent | undefined
  #arrived: () => void = () => undefined

  async connect(url: string, name: string): Promise<void> {
    const socket = new WebSocket(`${url}?userId=${encodeURIComponent(name)}`)
    socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
      const frame: Frame = JSON.parse(data)
      if (frame['action'] === 'voiceCredentials') this.#lent = JSON.parse(data)
      this.#frames.push(frame)
      this.#arrived()
    })
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true })
      socket.addEventListener('error', () => reject(new Error('refused')), { once: true })
    })
    this.#socket = socket
  }

  /** Says something in the first protocol, which names no requests. */
  send(message: Frame): void {
    this.#socket?.send(JSON.stringify(message))
  }

  /** Waits for a frame of an action. */
  async next(action: string): Promise<Frame> {
    for (;;) {
      const at = this.#frames.findIndex((frame) => frame['action'] === action)
      if (at >= 0) return this.#frames.splice(at, 1)[0] ?? {}
      await new Promise<void>((resolve) => {
        this.#arrived = resolve
      })
    }
  }

  /** Opens the channel in the role that the credentials are for. */
  async talk(): Promise<void> {
    const lent = this.#lent
    if (lent === undefined) throw new Error('nothing was lent')
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: true })
    const client = signaling(lent, lent.role)
    if (lent.role === 'MASTER') this.#host(client, lent, microphone)
    else call(client, lent, microphone)
    await opened(client)
  }

  /** Whether the channel lets somebody in with what was lent, in a role. */
  async isLetIn(role: Lent['role']): Promise<boolean> {
    if (this.#lent === undefined) throw new Error('nothing was lent')
    return await opened(signaling(this.#lent, role)).then(
      () => true,
      () => false,
    )
  }

  /** The master answers everybody, and mixes for each what all the others say. */
  #host(client: SignalingClient, lent: Lent, microphone: MediaStream): void {
    const own = this.#audio.createMediaStreamSource(microphone)
    const early = new Map<string, RTCIceCandidateInit[]>()
    const offered = async (offer: RTCSessionDescriptionInit, from: string): Promise<void> => {
      const connection = await this.#answer(client, lent, own, offer, from)
      for (const candidate of early.get(from) ?? []) await connection.addIceCandidate(candidate)
      early.delete(from)
    }
    client.on('sdpOffer', (offer: RTCSessionDescriptionInit, from: string) => void offered(offer, from))
    client.on('iceCandidate', (candidate: RTCIceCandidateInit, from: string) => {
      const connection = this.#guests.get(from)?.connection
      if (connection?.remoteDescription) void connection.addIceCandidate(candidate)
      else early.set(from, [...(early.get(from) ?? []), candidate])
    })
  }

  async #answer(client: SignalingClient, lent: Lent, own: AudioNode, offer: RTCSessionDescriptionInit, from: string): Promise<RTCPeerConnection> {
    const connection = new RTCPeerConnection({ iceServers: lent.iceServers })
    const guest: Guest = { connection, ear: this.#audio.createMediaStreamDestination(), mouth: undefined }
    own.connect(guest.ear)
    for (const { mouth } of this.#guests.values()) mouth?.connect(guest.ear)
    this.#guests.set(from, guest)
    for (const track of guest.ear.stream.getTracks()) connection.addTrack(track)
    connection.addEventListener('track', ({ track }) => {
      guest.mouth = this.#audio.createMediaStreamSource(play(track))
      for (const other of this.#guests.values()) if (other !== guest) guest.mouth.connect(other.ear)
    })
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate !== null) client.sendIceCandidate(candidate, from)
    })
    await connection.setRemoteDescription(offer)
    await connection.setLocalDescription()
    if (connection.localDescription !== null) client.sendSdpAnswer(connection.localDescription, from)
    return connection
  }
}

function signaling({ channelARN, region, endpoints, credentials, clientId }: Lent, role: Lent['role']): SignalingClient {
  const told = endpoints.find(({ Protocol }) => Protocol === 'WSS')?.ResourceEndpoint ?? ''
  return new SignalingClient({
    channelARN,
    region,
    credentials,
    // The library signs secure addresses only; a stage on one machine answers both on one port.
    channelEndpoint: told.replace(/^ws:/, 'wss:'),
    role: role === 'MASTER' ? Role.MASTER : Role.VIEWER,
    ...(role === 'MASTER' ? {} : { clientId }),
  })
}

/** A viewer calls the master as soon as the channel is open. */
function call(client: SignalingClient, { iceServers }: Lent, microphone: MediaStream): void {
  const connection = new RTCPeerConnection({ iceServers })
  const early: RTCIceCandidateInit[] = []
  for (const track of microphone.getTracks()) connection.addTrack(track)
  connection.addEventListener('track', ({ track }) => void play(track))
  connection.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate !== null) client.sendIceCandidate(candidate)
  })
  const offer = async (): Promise<void> => {
    await connection.setLocalDescription()
    if (connection.localDescription !== null) client.sendSdpOffer(connection.localDescription)
  }
  const answered = async (answer: RTCSessionDescriptionInit): Promise<void> => {
    await connection.setRemoteDescription(answer)
    for (const candidate of early.splice(0)) await connection.addIceCandidate(candidate)
  }
  client.on('open', () => void offer())
  client.on('sdpAnswer', (answer: RTCSessionDescriptionInit) => void answered(answer))
  client.on('iceCandidate', (candidate: RTCIceCandidateInit) => {
    if (connection.remoteDescription === null) early.push(candidate)
    else void connection.addIceCandidate(candidate)
  })
}

async function opened(client: SignalingClient): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.on('open', () => resolve())
    client.on('error', reject)
    client.on('close', () => reject(new Error('closed')))
    client.open()
  })
}

/** A stream that nothing plays is silent in Web Audio. */
function play(track: MediaStreamTrack): MediaStream {
  const stream = new MediaStream([track])
  const player = new Audio()
  player.srcObject = stream
  void player.play()
  return stream
}

window.original = new Original()
