/** What the view of a room's voice shows and can do. An action that is not available is `undefined`. */

import type { Call, CallState } from '../voice/call'
import type { Preferences } from '../voice/preferences'
import type { LinkState } from '../voice/peer'
import type { Quality } from '../voice/quality'
import type { Links } from '../voice/transport'
import type { VoiceState } from '../voice/voice'
import type { MemberRoom } from './rooms'
import type { Session } from './session'

export interface VoiceModel {
  readonly roomName: string
  readonly isEnabled: boolean
  /** Who talks, in the order in which they came. */
  readonly people: readonly string[]
  /** This person's part in this room's voice; `off` while they talk in another one. */
  readonly state: VoiceState
  readonly join: (() => void) | undefined
  /** Leaves, or gives up joining. */
  readonly leave: () => void
  readonly dismiss: () => void
  /** Ends voice for everybody. */
  readonly end: (() => void) | undefined
  /** Ends it and allows no more. */
  readonly switchOff: (() => void) | undefined
  readonly switchOn: (() => void) | undefined
}

export function voiceModel(session: Session, state: VoiceState, room: MemberRoom): VoiceModel {
  const { roomId, roomName, isAdmin } = room
  const { isEnabled, people } = room.voice
  const here: VoiceState = 'roomId' in state && state.roomId === roomId ? state : { kind: 'off' }
  const isFree = here.kind === 'off' || here.kind === 'ended' || here.kind === 'failed'
  const isTalking = people.length > 0
  return {
    roomName,
    isEnabled,
    people: people.map(({ userId }) => userId),
    state: here,
    join: isEnabled && isFree ? () => void session.voice.join(roomId) : undefined,
    leave: () => session.voice.leave(),
    dismiss: () => session.voice.dismiss(),
    end: isAdmin && isEnabled && isTalking ? () => session.endVoice(roomId, 'on') : undefined,
    switchOff: isAdmin && isEnabled ? () => session.endVoice(roomId, 'off') : undefined,
    switchOn: isAdmin && !isEnabled ? () => session.allowVoice(roomId) : undefined,
  }
}

export interface Talker {
  readonly userId: string
  readonly isMe: boolean
  readonly isMuted: boolean
  /** The audio to them; of oneself there is none. */
  readonly link: LinkState | undefined
  /** Their line to the server is gone. */
  readonly isAway: boolean
  readonly quality: Quality | undefined
  /** 0 to 1. */
  readonly volume: number
  readonly setVolume: ((volume: number) => void) | undefined
  /** Mutes them for everybody. */
  readonly mute: (() => void) | undefined
}

/** What there is to say of a call that runs. */
export interface CallParts {
  readonly call: Call
  readonly state: CallState
  readonly links: Links
  readonly strangers: number
  readonly quality: ReadonlyMap<string, Quality>
  readonly preferences: Preferences
}

/** Everybody in the call, oneself first; and those whose audio is still there though their line is gone. */
export function talkers(session: Session, me: string, room: MemberRoom, { call, state, links, quality, preferences }: CallParts): readonly Talker[] {
  const { people } = room.voice
  const others = [...people.map(({ userId }) => userId), ...links.keys()].filter((userId) => userId !== me)
  const own: Talker = { userId: me, isMe: true, isMuted: state.isMuted, link: undefined, isAway: false, quality: undefined, volume: 1, setVolume: undefined, mute: undefined }
  const other = (userId: string): Talker => {
    const link = links.get(userId)
    const isMuted = people.find((person) => person.userId === userId)?.muted ?? false
    return {
      userId,
      isMe: false,
      isMuted,
      link: link?.state,
      isAway: link?.isAway ?? false,
      quality: quality.get(userId),
      volume: preferences.volumes[userId] ?? 1,
      setVolume: (volume) => call.setVolume(userId, volume),
      mute: room.isAdmin && !isMuted ? () => session.muteInVoice(room.roomId, userId) : undefined,
    }
  }
  return [own, ...[...new Set(others)].map(other)]
}
