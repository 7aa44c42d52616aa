/**
 * One person's part in a room's voice, from the press of a button to its end: the microphone, joining, the
 * transport, and what the server says meanwhile. At most one room at a time.
 */

import { type Observable, Variable } from '../observable'
import type { Cancel, Environment } from '../transport/environment'
import { asRequestError, type FailureCode } from '../transport/errors'
import { Call } from './call'
import { type Devices, microphoneError, type MicrophoneFault } from './devices'
import type { VoiceLine } from './line'
import type { PreferenceStore } from './preferences'
import type { CloseReason, Joined, Presence, Signal, Topology } from './signals'
import type { Sound } from './sound'
import type { TransportEnd, TransportFactory } from './transport'

/** Why voice ended without this person's wish. */
export type EndReason = Exclude<CloseReason, 'left'>

export type VoiceFault =
  | { readonly kind: 'microphone'; readonly fault: MicrophoneFault }
  | { readonly kind: 'refused'; readonly code: FailureCode; readonly message: string }

export type VoiceState =
  | { readonly kind: 'off' }
  /** Waits for the microphone, that is for the person's permission the first time. */
  | { readonly kind: 'asking'; readonly roomId: string }
  | { readonly kind: 'joining'; readonly roomId: string }
  | { readonly kind: 'on'; readonly roomId: string; readonly call: Call }
  | { readonly kind: 'ended'; readonly roomId: string; readonly reason: EndReason; readonly by: string | undefined }
  | { readonly kind: 'failed'; readonly roomId: string; readonly fault: VoiceFault }

export interface VoiceOptions {
  /** This person; the server's spelling of the name is known after the welcome only. */
  readonly me: () => string
  readonly line: VoiceLine
  readonly environment: Environment
  readonly devices: Devices
  readonly sound: Sound
  readonly preferences: PreferenceStore
  readonly connect: (configuration: RTCConfiguration) => RTCPeerConnection
  /** How voice travels on this stage. */
  readonly topology: Topology
  readonly transports: Readonly<Record<Topology, TransportFactory>>
  /** Who is in a room's voice, this person included, as the server told when joining. */
  readonly present: (roomId: string, people: readonly Presence[]) => void
}

/** How often a lost place is asked for again, where the server had a passing trouble. */
const REJOIN_MS = 2_000
/** Making a tone takes the page's time, which connecting needs first. */
const OWN_TONE_MS = 400

export class Voice {
  readonly #options: VoiceOptions
  readonly #state = new Variable<VoiceState>({ kind: 'off' })
  /** What came for the room while joining it. */
  #early: Signal[] = []
  #cancelRejoin: Cancel = () => undefined
  #cancelTone: Cancel = () => undefined

  constructor(options: VoiceOptions) {
    this.#options = options
  }

  get state(): Observable<VoiceState> {
    return this.#state
  }

  get preferences(): PreferenceStore {
    return this.#options.preferences
  }

  get devices(): Devices {
    return this.#options.devices
  }

  get sound(): Sound {
    return this.#options.sound
  }

  /** Joins a room's voice, and leaves another's. What goes wrong becomes the state. */
  async join(roomId: string): Promise<void> {
    const { devices, line, preferences } = this.#options
    this.leave()
    const asking: VoiceState = { kind: 'asking', roomId }
    this.#state.set(asking)
    const microphone = await devices.open(preferences.value.getSnapshot().microphone).catch((thrown: unknown) => microphoneError(thrown))
    if (this.#state.getSnapshot() !== asking) {
      if (!(microphone instanceof Error)) stop(microphone)
      return
    }
    if (microphone instanceof Error) {
      this.#state.set({ kind: 'failed', roomId, fault: { kind: 'microphone', fault: microphone.fault } })
      return
    }
    const joining: VoiceState = { kind: 'joining', roomId }
    this.#early = []
    this.#state.set(joining)
    const joined = await line.join(roomId).catch((thrown: unknown) => asRequestError(thrown))
    if (this.#state.getSnapshot() === joining && !(joined instanceof Error)) {
      this.#begin(roomId, microphone, joined)
      return
    }
    stop(microphone)
    if (this.#state.getSnapshot() !== joining) {
      // Given up meanwhile; the server may have heard of that before it heard of the joining. A newer joining has the same seat.
      if (!(joined instanceof Error) && !this.#isTaking(roomId)) line.leave(roomId)
      return
    }
    if (joined instanceof Error) {
      // One that was given up before may have got the seat.
      line.leave(roomId)
      this.#state.set({ kind: 'failed', roomId, fault: refused(joined.code, joined.message) })
    }
  }

  /** Leaves voice, or gives up joining it. */
  leave(): void {
    const state = this.#state.getSnapshot()
    if (state.kind === 'joining' || state.kind === 'on') this.#options.line.leave(state.roomId)
    if (state.kind === 'on') this.#tone('left')
    this.#end({ kind: 'off' })
  }

  /** Takes the message about an end or a failure away. */
  dismiss(): void {
    const { kind } = this.#state.getSnapshot()
    if (kind === 'ended' || kind === 'failed') this.#state.set({ kind: 'off' })
  }

  /** The server says something of some room's voice. */
  signalled(signal: Signal): void {
    const state = this.#state.getSnapshot()
    if (state.kind === 'joining' && state.roomId === signal.roomId) this.#early.push(signal)
    if (state.kind === 'on' && state.roomId === signal.roomId) this.#apply(state.call, signal)
  }

  /** Somebody is in a room no longer, and so in its voice, though their line to it was lost before. */
  memberLeft(roomId: string, userId: string): void {
    if (userId !== this.#options.me()) this.signalled({ kind: 'left', roomId, from: userId, reason: 'removed' })
  }

  /** The line to the server is up again: the server has forgotten this page, and others wait for it. */
  lineUp(): void {
    const state = this.#state.getSnapshot()
    if (state.kind !== 'on') return
    state.call.setLine('joining')
    void this.#rejoin(state.roomId, state.call)
  }

  lineDown(): void {
    const state = this.#state.getSnapshot()
    if (state.kind === 'on') state.call.setLine('down')
  }

  /** The host of a star, or an admin, has ended it. */
  starEnded(voiceRoomId: string): void {
    const state = this.#state.getSnapshot()
    if (state.kind !== 'on' || state.call.voiceRoomId !== voiceRoomId) return
    this.#options.line.leave(state.roomId)
    this.#end({ kind: 'ended', roomId: state.roomId, reason: 'ended', by: undefined })
  }

  /** This person is in the room no longer. */
  roomGone(roomId: string): void {
    const state = this.#state.getSnapshot()
    if ('roomId' in state && state.roomId === roomId && state.kind !== 'ended' && state.kind !== 'failed') {
      this.#end({ kind: 'ended', roomId, reason: 'roomGone', by: undefined })
    }
  }

  #begin(roomId: string, microphone: MediaStream, joined: Joined): void {
    const { transports, topology, present, me, line } = this.#options
    present(roomId, [...joined.participants, { userId: me(), muted: false }])
    const call = new Call({
      ...this.#options,
      me: me(),
      roomId,
      microphone,
      joined,
      transport: transports[topology],
      rejoin: () => line.join(roomId),
      desk: line.desk(roomId, me()),
      unseated: () => this.lineUp(),
      ended: (why) => this.#transportEnded(roomId, why),
    })
    this.#state.set({ kind: 'on', roomId, call })
    this.#cancelTone = this.#options.environment.after(OWN_TONE_MS, () => this.#tone('joined'))
    const early = this.#early
    this.#early = []
    for (const signal of early) this.#apply(call, signal)
  }

  async #rejoin(roomId: string, call: Call): Promise<void> {
    const joined = await this.#options.line.join(roomId).catch((thrown: unknown) => asRequestError(thrown))
    if (!this.#isOn(call)) return
    if (!(joined instanceof Error)) {
      this.#options.present(roomId, [...joined.participants, { userId: this.#options.me(), muted: call.state.getSnapshot().isMuted }])
      call.meetAgain(joined)
      return
    }
    const { code, message, retryAfterMs } = joined
    // With the next line it is tried anew.
    if (code === 'disconnected' || code === 'timeout') return
    if (code === 'rateLimited' || code === 'internal') {
      this.#cancelRejoin = this.#options.environment.after(retryAfterMs ?? REJOIN_MS, () => void this.#rejoin(roomId, call))
      return
    }
    this.#end({ kind: 'failed', roomId, fault: refused(code, message) })
  }

  #apply(call: Call, signal: Signal): void {
    const me = this.#options.me()
    const { roomId, from } = signal
    if (signal.kind === 'enabled' && !signal.enabled) {
      this.#end(from === me ? { kind: 'off' } : { kind: 'ended', roomId, reason: 'disabled', by: from })
    } else if (signal.kind === 'left' && from === me) {
      // The server took a line for dead that this page has replaced since, or heard of an earlier leaving only now.
      if (signal.reason === 'disconnected' || signal.reason === 'left') this.lineUp()
      else this.#end({ kind: 'ended', roomId, reason: signal.reason, by: undefined })
    } else if (from !== me || signal.kind === 'mute') {
      if (signal.kind === 'joined' && !call.knows(from)) this.#tone('joined')
      if (signal.kind === 'left' && call.knows(from)) this.#tone('left')
      call.signalled(signal)
    }
  }

  #transportEnded(roomId: string, why: TransportEnd): void {
    this.#options.line.leave(roomId)
    this.#end(why.kind === 'refused' ? { kind: 'failed', roomId, fault: why } : { kind: 'ended', roomId, reason: why.kind, by: undefined })
  }

  #tone(tone: 'joined' | 'left'): void {
    const { preferences, sound } = this.#options
    if (preferences.value.getSnapshot().tones) sound.tone(tone)
  }

  /** Whether this page asks for a seat in the room's voice, or has one. */
  #isTaking(roomId: string): boolean {
    const state = this.#state.getSnapshot()
    return (state.kind === 'joining' || state.kind === 'on') && state.roomId === roomId
  }

  #isOn(call: Call): boolean {
    const state = this.#state.getSnapshot()
    return state.kind === 'on' && state.call === call
  }

  #end(next: VoiceState): void {
    const state = this.#state.getSnapshot()
    this.#cancelRejoin()
    this.#cancelTone()
    if (state.kind === 'on') state.call.close(next.kind === 'ended' ? next.reason : 'left')
    this.#state.set(next)
  }
}

function refused(code: FailureCode, message: string): VoiceFault {
  return { kind: 'refused', code, message }
}

function stop(microphone: MediaStream): void {
  for (const track of microphone.getTracks()) track.stop()
}
