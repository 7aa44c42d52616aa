/**
 * What host and guests of a star tell each other beside the audio, over a data channel: a guest hears one mix,
 * so only the host knows who speaks, and only the host can make one of them softer. Who a guest is the host
 * has from the server. Clients that open no such channel are mixed all the same.
 */

import { isFields } from '../transport/json'

/** How loud the guest wants somebody to be, 0 to 1. */
export interface GuestWord {
  readonly kind: 'volume'
  readonly userId: string
  readonly volume: number
}

export interface HostWord {
  readonly kind: 'levels'
  readonly host: string
  /** 0 to 1, by person. */
  readonly levels: Readonly<Record<string, number>>
  /** How many take part whom the server cannot name. */
  readonly strangers: number
}

export const CHANNEL = 'chatctl-voice'

export function parseGuestWord(text: unknown): GuestWord | undefined {
  const fields = parse(text)
  const { kind, userId, volume } = fields
  if (kind !== 'volume' || typeof userId !== 'string') return undefined
  return typeof volume === 'number' && volume >= 0 && volume <= 1 ? { kind, userId, volume } : undefined
}

export function parseHostWord(text: unknown): HostWord | undefined {
  const { kind, host, levels, strangers } = parse(text)
  if (kind !== 'levels' || typeof host !== 'string' || !isFields(levels)) return undefined
  return { kind, host, strangers: typeof strangers === 'number' ? strangers : 0, levels: Object.fromEntries(Object.entries(levels).filter((entry): entry is [string, number] => typeof entry[1] === 'number')) }
}

/** Says something where the channel is open; what is said is of the moment, and lost words do not matter. */
export function say(channel: RTCDataChannel | undefined, word: GuestWord | HostWord): void {
  if (channel?.readyState === 'open') channel.send(JSON.stringify(word))
}

function parse(text: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
    return isFields(value) ? value : {}
  } catch {
    return {}
  }
}
