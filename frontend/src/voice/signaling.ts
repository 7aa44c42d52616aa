/** The way between the host and the guests of a star: Kinesis Video's signaling channel. */

import type * as library from 'amazon-kinesis-video-streams-webrtc'
import type { Seat } from './seat'
import { candidateInit, type Note, sdpText } from './signals'

export interface SignalingEvents {
  opened(): void
  /** `from` is the guest's client id, at the host's end. */
  received(note: Note, from: string): void
  /** Once; the channel closes what is silent for ten minutes, or open for an hour. */
  closed(): void
}

export interface Signaling {
  /** `to` names a guest, at the host's end. Waits until the way is open, and is dropped when it has closed. */
  send(note: Note, to: string | undefined): void
  /** Without a `closed` event: the owner has moved on. */
  abandon(): void
}

export type OpenSignaling = (seat: Seat, events: SignalingEvents) => Signaling

/** What it takes to open one, which need not be there from the start. */
export type SignalingLoader = () => Promise<OpenSignaling>

/** What a guest's messages are from, as the host signs none. */
const HOST = 'host'

/** Over AWS's published client, which is loaded when the first star begins. */
export const kinesisSignaling: SignalingLoader = async () => {
  const loaded = await import('amazon-kinesis-video-streams-webrtc')
  return (seat, events) => openKinesis(loaded, seat, events)
}

function openKinesis({ Role, SignalingClient }: typeof library, seat: Seat, events: SignalingEvents): Signaling {
  const client = new SignalingClient({
    channelARN: seat.channelArn,
    channelEndpoint: seat.endpoint,
    region: seat.region,
    role: seat.role === 'host' ? Role.MASTER : Role.VIEWER,
    ...(seat.role === 'host' ? {} : { clientId: seat.clientId }),
    requestSigner: { getSignedURL: () => Promise.resolve(seat.signalingUrl) },
  })
  const described = (kind: 'offer' | 'answer') => (description: unknown, from: string | undefined) => {
    const sdp = sdpText(description)
    if (sdp !== undefined) events.received({ kind, sdp }, from ?? HOST)
  }
  let waiting: (() => void)[] | undefined = []
  let isClosed = false
  client.on('open', () => {
    for (const send of waiting ?? []) send()
    waiting = undefined
    events.opened()
  })
  client.on('sdpOffer', described('offer'))
  client.on('sdpAnswer', described('answer'))
  client.on('iceCandidate', (candidate: unknown, from: string | undefined) => {
    const init = candidateInit(candidate)
    if (init !== undefined) events.received({ kind: 'candidate', candidate: init }, from ?? HOST)
  })
  // A refused connection shows as an error and then as closed.
  client.on('error', () => undefined)
  client.on('close', () => {
    isClosed = true
    events.closed()
  })
  client.open()
  return {
    send: (note, to) => {
      const post = (): void => {
        if (!isClosed) sendNote(client, note, to)
      }
      if (waiting === undefined) post()
      else waiting.push(post)
    },
    abandon: () => {
      client.removeAllListeners()
      client.on('error', () => undefined)
      client.close()
    },
  }
}

/** The client's three methods; its types ask for whole browser objects, of which it takes the JSON. */
interface Sender {
  sendSdpOffer(description: object, to?: string): void
  sendSdpAnswer(description: object, to?: string): void
  sendIceCandidate(candidate: object, to?: string): void
}

function sendNote(client: Sender, note: Note, to: string | undefined): void {
  switch (note.kind) {
    case 'offer':
      client.sendSdpOffer({ type: 'offer', sdp: note.sdp }, to)
      return
    case 'answer':
      client.sendSdpAnswer({ type: 'answer', sdp: note.sdp }, to)
      return
    case 'candidate':
      if (note.candidate !== null) client.sendIceCandidate(note.candidate, to)
  }
}
