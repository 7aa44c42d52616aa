/** A place at a star: what the server gives a participant so that they reach the signaling channel. */

import type { CloseReason } from './signals'

/** Credentials are the server's: it has signed the address, so no key comes to the browser's code. */
export interface Seat {
  /** The host mixes for everybody else. */
  readonly role: 'host' | 'guest'
  readonly channelArn: string
  readonly endpoint: string
  readonly region: string
  /** Under which a guest is known to the host. */
  readonly clientId: string
  /** Signed, good for one connection within five minutes. */
  readonly signalingUrl: string
  readonly iceServers: readonly RTCIceServer[]
  /** When the relay takes their credentials no longer, ms since the epoch. */
  readonly iceExpiresAt: number | undefined
}

export interface StarDesk {
  /** Known once there has been a seat. */
  readonly voiceRoomId: string | undefined
  /** A seat with fresh credentials; the same role each time. Rejects with a `RequestError`. */
  seat(): Promise<Seat>
  /** Who is behind which client id, as the server tells the host. Rejects with a `RequestError`. */
  guests(): Promise<ReadonlyMap<string, string>>
  /** Nothing more is asked. A host who leaves ends the star for everybody. */
  close(why: CloseReason): void
}
