/** The way into voice in a room's head, and for an admin the way to allow it. */

import type { VoiceModel } from '../../state/voiceModel'
import { IconButton } from '../Button'

export function VoiceButton({ model: { join, switchOn, people, state, isEnabled } }: { readonly model: VoiceModel }) {
  if (state.kind === 'on' || state.kind === 'asking' || state.kind === 'joining') return null
  if (switchOn !== undefined) return <IconButton icon="headset" label="Voice is switched off. Allow it" onClick={switchOn} />
  const label = isEnabled ? (people.length > 0 ? 'Join voice' : 'Start voice') : 'Voice is switched off in this room'
  // Where others talk, the button beside their faces is the one to press.
  return people.length > 0 ? null : <IconButton icon="headset" label={label} disabled={join === undefined} onClick={join} />
}
