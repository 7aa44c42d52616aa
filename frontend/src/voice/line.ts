/** Voice's part of the protocol, spoken over the chat's own connection. */

import type { Connection } from '../transport/connection'
import { RequestError } from '../transport/errors'
import type { VoiceEvent } from '../transport/protocol.gen'
import type { AnswerTo, Refused } from '../transport/requests'
import { Desk } from './desk'
import type { StarDesk } from './seat'
import { candidateInit, type Joined, type Note, rtcServer, sdpText, type Signal } from './signals'

/** The news that everybody gets, as the answer to whoever made it. */
export type VoiceAnswer = AnswerTo<'voiceSignal'>

/** Asks the server for a room's voice. Everything rejects with a `RequestError`, but for what no answer comes to. */
export class VoiceLine {
  readonly #connection: Pick<Connection, 'request' | 'tell'>

  constructor(connection: Pick<Connection, 'request' | 'tell'>) {
    this.#connection = connection
  }

  /** Joins, or asks for fresh servers where this connection has joined before. */
  async join(roomId: string): Promise<Joined> {
    const answer = await this.#connection.request({ action: 'voiceSignal', type: 'voice:join', roomId })
    if (answer.type !== 'voice:existing_participants') throw new RequestError('internal', `joining voice was answered by ${answer.type}`)
    const { participants, iceServers, iceExpiresAt, voiceRoomId } = answer
    return { participants, iceServers: iceServers.map(rtcServer), iceExpiresAt, voiceRoomId }
  }

  leave(roomId: string): void {
    this.#connection.tell({ action: 'voiceSignal', type: 'voice:leave', roomId })
  }

  mute(roomId: string, muted: boolean): void {
    this.#connection.tell({ action: 'voiceSignal', type: 'voice:mute', roomId, muted })
  }

  /** Mutes somebody else; admins only. */
  async muteOther(roomId: string, userId: string): Promise<VoiceAnswer> {
    return await this.#connection.request({ action: 'voiceSignal', type: 'voice:mute', roomId, to: userId, muted: true })
  }

  /** Allows voice, or ends it and allows no more; admins only. */
  async allow(roomId: string, isAllowed: boolean): Promise<VoiceAnswer> {
    return await this.#connection.request({ action: 'voiceSignal', type: isAllowed ? 'voice:enable' : 'voice:disable', roomId })
  }

  /** Where seats at a room's star are to be had, for one who has joined; opens the star where there is none. */
  desk(roomId: string, me: string): StarDesk {
    return new Desk(this.#connection, roomId, me)
  }

  /** To one other participant; `refused` hears where they, or this person, take no part. */
  tell(roomId: string, to: string, note: Note, refused: Refused): void {
    const address = { action: 'voiceSignal', roomId, to } as const
    switch (note.kind) {
      case 'offer':
        this.#connection.tell({ ...address, type: 'voice:offer', sdp: note.sdp }, refused)
        return
      case 'answer':
        this.#connection.tell({ ...address, type: 'voice:answer', sdp: note.sdp }, refused)
        return
      case 'candidate':
        this.#connection.tell({ ...address, type: 'voice:ice_candidate', candidate: note.candidate }, refused)
    }
  }
}

/** A frame as a signal; `undefined` for one that is an answer, or that says nothing usable. */
export function signalOf(event: VoiceEvent): Signal | undefined {
  const { roomId } = event
  switch (event.type) {
    case 'voice:existing_participants':
      return undefined
    case 'voice:peer_joined':
      return { kind: 'joined', roomId, from: event.from, muted: event.muted }
    case 'voice:peer_left':
      return { kind: 'left', roomId, from: event.from, reason: event.reason }
    case 'voice:mute':
      return { kind: 'mute', roomId, from: event.from, to: event.to, muted: event.muted }
    case 'voice:enable':
    case 'voice:disable':
      return { kind: 'enabled', roomId, from: event.from, enabled: event.type === 'voice:enable' }
    case 'voice:offer':
    case 'voice:answer': {
      const sdp = sdpText(event.sdp)
      return sdp === undefined ? undefined : { kind: 'note', roomId, from: event.from, note: { kind: event.type === 'voice:offer' ? 'offer' : 'answer', sdp } }
    }
    case 'voice:ice_candidate': {
      const candidate = candidateInit(event.candidate)
      return candidate === undefined ? undefined : { kind: 'note', roomId, from: event.from, note: { kind: 'candidate', candidate } }
    }
  }
}
