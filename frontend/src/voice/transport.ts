/** How voice travels. Each way is one of these, made by a factory, so that the call knows none of them. */

import type { Observable } from '../observable'
import type { Environment } from '../transport/environment'
import type { FailureCode } from '../transport/errors'
import type { LinkState } from './peer'
import type { CloseReason, LeaveReason, Note } from './signals'
import type { Reading } from './quality'
import type { StarDesk } from './seat'

/** Connecting takes less; with credentials that end sooner it is not begun. */
export const EXPIRY_MARGIN_MS = 15_000

/** The audio between this page and one other participant. */
export interface Link {
  readonly state: LinkState
  /** Gone from voice by the server's word, but their line may come back. */
  readonly isAway: boolean
}

export type Links = ReadonlyMap<string, Link>

export interface TransportOptions {
  /** This person. */
  readonly me: string
  readonly microphone: MediaStreamTrack
  /** Those given last. */
  readonly iceServers: () => readonly RTCIceServer[]
  readonly environment: Environment
  /** Where a transport mixes, if it does. */
  readonly audio: () => AudioContext
  /** Seats at a room's star. */
  readonly desk: StarDesk
  readonly connect: (configuration: RTCConfiguration) => RTCPeerConnection
  readonly send: (to: string, note: Note) => void
  /** Servers with fresh credentials; those known last where there are none to be had. */
  readonly freshServers: () => Promise<readonly RTCIceServer[]>
  /** What this person's open microphone hears, 0 to 1. */
  readonly ownLevel: () => number
  /** Audio of somebody begins, or changes. */
  readonly heard: (userId: string, track: MediaStreamTrack) => void
  /** Nothing more comes from somebody. */
  readonly silent: (userId: string) => void
  /** The transport cannot go on. */
  readonly ended: (why: TransportEnd) => void
}

export type TransportEnd = { readonly kind: 'hostGone' | 'ended' } | { readonly kind: 'refused'; readonly code: FailureCode; readonly message: string }

export interface VoiceTransport {
  /** One link to each other participant. */
  readonly links: Observable<Links>
  /** How many take part whom the server cannot name: they reached a star's channel by another client. */
  readonly strangers: Observable<number>
  /** This person joined, where these were; or joined again after the line to the server was lost. */
  meet(others: readonly string[]): void
  joined(userId: string): void
  left(userId: string, reason: LeaveReason): void
  receive(from: string, note: Note): void
  setMicrophone(track: MediaStreamTrack): Promise<void>
  /** Tries every link again that does not work. */
  retry(): void
  /** How loud everybody is now, 0 to 1. */
  levels(): readonly (readonly [string, number])[]
  /** One reading of each link's statistics. */
  readings(): Promise<readonly (readonly [string, Reading])[]>
  /** Sets how loud somebody is; false where each person comes over a link of their own, and whoever plays them sees to it. */
  setVolume(userId: string, volume: number): boolean
  close(why: CloseReason): void
}

export type TransportFactory = (options: TransportOptions) => VoiceTransport
