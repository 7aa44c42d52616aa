/** Who is in a room's voice, as everybody in the room knows it. Pure. */

import type { VoiceState as VoiceFields } from '../transport/protocol.gen'
import type { Presence, Signal } from '../voice/signals'

export interface RoomVoice {
  /** Whether an admin allows it. */
  readonly isEnabled: boolean
  /** In the order in which they came. */
  readonly people: readonly Presence[]
}

export const SILENT: RoomVoice = { isEnabled: true, people: [] }

export function roomVoice({ enabled, participants }: VoiceFields): RoomVoice {
  return { isEnabled: enabled, people: participants }
}

export function withSignal(voice: RoomVoice, signal: Signal): RoomVoice {
  switch (signal.kind) {
    case 'joined':
      return { ...voice, people: [...without(voice.people, signal.from), { userId: signal.from, muted: signal.muted }] }
    case 'left':
      return { ...voice, people: without(voice.people, signal.from) }
    case 'mute':
      return { ...voice, people: withMute(voice.people, signal.to ?? signal.from, signal.muted) }
    case 'enabled':
      return { isEnabled: signal.enabled, people: signal.enabled ? voice.people : [] }
    case 'note':
      return voice
  }
}

function without(people: readonly Presence[], userId: string): readonly Presence[] {
  return people.filter((person) => person.userId !== userId)
}

function withMute(people: readonly Presence[], userId: string, muted: boolean): readonly Presence[] {
  return people.map((person) => (person.userId === userId ? { ...person, muted } : person))
}
