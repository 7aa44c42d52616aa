/** What is said about voice: states, ends, failures and connections in words. */

import type { MicrophoneFault } from '../../voice/devices'
import type { LinkFault } from '../../voice/peer'
import type { Quality } from '../../voice/quality'
import type { EndReason, VoiceFault } from '../../voice/voice'
import type { Talker } from '../../state/voiceModel'
import { failure } from '../words'

/** What went wrong, and what a person can do about it. */
export interface Explanation {
  readonly title: string
  readonly help: string
}

export function voiceFault(fault: VoiceFault): Explanation {
  if (fault.kind === 'microphone') return MICROPHONE[fault.fault]
  const { code, message } = fault
  // The server's own sentence says how many may talk, or who has switched voice off.
  const help = code === 'conflict' || code === 'forbidden' ? message : failure(code, message)
  return { title: 'You could not join voice', help: sentence(help) }
}

const MICROPHONE: Readonly<Record<MicrophoneFault, Explanation>> = {
  denied: {
    title: 'The microphone is blocked',
    help: 'Allow it for this site: press the icon beside the address, set Microphone to Allow, and try again. On a phone, the system’s settings must also let the browser use it.',
  },
  missing: { title: 'No microphone was found', help: 'Plug one in or switch your headset on, and try again.' },
  busy: { title: 'The microphone is in use', help: 'Another program has it, or the system did not hand it out. Close what else records, and try again.' },
  insecure: { title: 'This page may not use a microphone', help: 'Browsers allow it on https addresses only. Open the chat by its https address.' },
  unknown: { title: 'The microphone could not be opened', help: 'Try again, or choose another one in the system’s settings.' },
}

export function voiceEnd(reason: EndReason, by: string | undefined, isAllowed: boolean): string {
  switch (reason) {
    case 'disabled':
      return isAllowed ? `${by ?? 'An admin'} ended voice for everybody.` : `${by ?? 'An admin'} switched voice off in this room.`
    case 'replaced':
      return 'You joined voice elsewhere, so it ended here.'
    case 'removed':
      return 'You were removed from voice.'
    case 'ended':
      return 'Voice was ended for everybody.'
    case 'hostGone':
      return 'Whoever hosted voice has left, so it ended for everybody.'
    case 'roomGone':
      return 'You are no longer in this room, so voice ended.'
    case 'disconnected':
      return 'The connection was lost, so voice ended.'
  }
}

export function linkFault(fault: LinkFault, names: readonly string[]): string {
  const who = list(names)
  return fault === 'relayRefused'
    ? `No audio with ${who}: the relay server refused this call’s credentials. Try again; if it stays so, tell whoever runs this chat.`
    : `No audio with ${who}: no way between your networks was found in 10 seconds. Try again, or use another network; a strict firewall or VPN can be the cause.`
}

/** One line under a person's name; nothing where all is well. */
export function talkerLine({ link, isAway, isMuted, isMe }: Talker): string {
  if (isMe) return isMuted ? 'You · muted' : 'You'
  if (link?.kind === 'failed') return 'No audio'
  if (link?.kind === 'interrupted' || isAway) return 'Reconnecting…'
  if (link?.kind === 'connecting') return 'Connecting…'
  return isMuted ? 'Muted' : ''
}

/** For whoever cannot see the ring and the icons. */
export function talkerLabel(talker: Talker, isSpeaking: boolean): string {
  const line = talkerLine(talker)
  return [talker.userId, line, isSpeaking ? 'speaking' : ''].filter((part) => part !== '').join(', ')
}

export function qualityFigures({ lossPercent, jitterMs, roundTripMs }: Quality): string {
  const delay = roundTripMs === undefined ? '' : `, ${Math.round(roundTripMs)} ms round trip`
  return `${lossPercent.toFixed(lossPercent < 10 ? 1 : 0)} % lost, ${Math.round(jitterMs)} ms jitter${delay}`
}

export const VERDICTS = { good: 'Good connection', fair: 'Weak connection', poor: 'Poor connection' } as const

/** Said when the worst connection is bad enough to be heard. */
export function qualityWarning(names: readonly string[], isEverybody: boolean): string {
  return isEverybody
    ? 'Your connection is poor: words may go missing. Move closer to the router, or stop downloads.'
    : `The connection with ${list(names)} is poor: words may go missing.`
}

/** Said while somebody listens whom nobody can name. */
export function strangersWarning(count: number): string {
  return count === 1 ? 'Somebody takes part through another app, and is not in the list. They hear this call.' : `${count} people take part through another app, and are not in the list. They hear this call.`
}

export function list(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`
}

/** "Ann is talking", "Ann and Bob are talking", "Ann, Bob and 3 more are talking". */
export function talking(names: readonly string[]): string {
  const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names
  return `${list(shown)} ${names.length === 1 ? 'is' : 'are'} talking`
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(first) ? first : `${first}.`
}
