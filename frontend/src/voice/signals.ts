/** What is said about voice through the server: who is in it, and what two participants tell each other to connect. */

import { isFields } from '../transport/json'
import type { IceServer } from '../transport/protocol.gen'

export type Topology = 'mesh' | 'star'

/** Someone in voice, as the server tells it. */
export interface Presence {
  readonly userId: string
  readonly muted: boolean
}

/** Why somebody is in voice no longer. */
export type LeaveReason = 'left' | 'disconnected' | 'removed' | 'replaced' | 'ended'

/** Why this page takes part no longer; `left` where it gives its part up itself. */
export type CloseReason = LeaveReason | 'disabled' | 'roomGone' | 'hostGone'

/** From one participant to one other. */
export type Note =
  | { readonly kind: 'offer'; readonly sdp: string }
  | { readonly kind: 'answer'; readonly sdp: string }
  /** `null` says that there will be no more. */
  | { readonly kind: 'candidate'; readonly candidate: RTCIceCandidateInit | null }

/** What the server says of a room's voice, unasked. */
export type Signal =
  | { readonly kind: 'joined'; readonly roomId: string; readonly from: string; readonly muted: boolean }
  | { readonly kind: 'left'; readonly roomId: string; readonly from: string; readonly reason: LeaveReason }
  /** Without `to` somebody's own choice, else an admin's over `to`. */
  | { readonly kind: 'mute'; readonly roomId: string; readonly from: string; readonly to: string | undefined; readonly muted: boolean }
  | { readonly kind: 'note'; readonly roomId: string; readonly from: string; readonly note: Note }
  | { readonly kind: 'enabled'; readonly roomId: string; readonly from: string; readonly enabled: boolean }

/** The answer to joining. */
export interface Joined {
  /** Who was there before. */
  readonly participants: readonly Presence[]
  readonly iceServers: readonly RTCIceServer[]
  /** When the relay takes their credentials no longer, ms since the epoch. */
  readonly iceExpiresAt: number | undefined
  /** The star that there is. */
  readonly voiceRoomId: string | undefined
}

/** A server of the protocol as browsers take it. */
export function rtcServer({ urls, username, credential }: IceServer): RTCIceServer {
  return { urls, ...(username === undefined ? {} : { username }), ...(credential === undefined ? {} : { credential }) }
}

/** An SDP that other clients send as text or as a whole description. */
export function sdpText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return isFields(value) && typeof value['sdp'] === 'string' ? value['sdp'] : undefined
}

/** A candidate that other clients send as its line, as an init or, at the end, as nothing. */
export function candidateInit(value: unknown): RTCIceCandidateInit | null | undefined {
  if (value === null || value === '') return null
  if (typeof value === 'string') return { candidate: value, sdpMLineIndex: 0 }
  if (!isFields(value) || typeof value['candidate'] !== 'string') return undefined
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = value
  return {
    candidate,
    ...(typeof sdpMid === 'string' ? { sdpMid } : {}),
    ...(typeof sdpMLineIndex === 'number' ? { sdpMLineIndex } : {}),
    ...(typeof usernameFragment === 'string' ? { usernameFragment } : {}),
  }
}

/** The id that a description's connection keeps for life: another one means another page at the other end. */
export function sessionOf(sdp: string): string | undefined {
  return /^o=\S+ (\S+)/m.exec(sdp)?.[1]
}

/** The ICE generations that a description speaks for. */
export function fragmentsOf(sdp: string): readonly string[] {
  return [...sdp.matchAll(/^a=ice-ufrag:(\S+)/gm)].map(([, fragment]) => fragment ?? '')
}
