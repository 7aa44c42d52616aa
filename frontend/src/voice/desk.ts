/** Seats at one room's star, asked for over the chat's own connection. */

import type { Connection } from '../transport/connection'
import { asRequestError, RequestError } from '../transport/errors'
import type { AnswerTo } from '../transport/requests'
import type { Seat, StarDesk } from './seat'
import { type CloseReason, rtcServer } from './signals'

export class Desk implements StarDesk {
  readonly #connection: Pick<Connection, 'request' | 'tell'>
  readonly #roomId: string
  readonly #me: string
  #voiceRoomId: string | undefined
  /** Whether it ends with this page, which has made it or is its host. */
  #isOurs = false
  #hasSat = false
  #closed: CloseReason | undefined

  constructor(connection: Pick<Connection, 'request' | 'tell'>, roomId: string, me: string) {
    this.#connection = connection
    this.#roomId = roomId
    this.#me = me
  }

  get voiceRoomId(): string | undefined {
    return this.#voiceRoomId
  }

  async seat(): Promise<Seat> {
    try {
      return await this.#sit()
    } catch (thrown) {
      const isMissing = asRequestError(thrown).code === 'notFound'
      if (!isMissing || this.#hasSat || this.#closed !== undefined) throw thrown
      // It ended between being told of and being asked for a seat, so there may be another one.
      this.#voiceRoomId = undefined
      return await this.#sit()
    }
  }

  async guests(): Promise<ReadonlyMap<string, string>> {
    const { voice } = await this.#connection.request({ action: 'getMembers', roomId: this.#roomId })
    return new Map(voice.participants.flatMap(({ userId, clientId }) => (clientId === undefined ? [] : [[clientId, userId] as const])))
  }

  close(why: CloseReason): void {
    this.#closed = why
    // Whoever has joined from another page hosts from there; otherwise the server has ended it.
    if (why === 'left') this.#end()
  }

  async #sit(): Promise<Seat> {
    const voiceRoomId = this.#voiceRoomId ?? (await this.#open())
    const answer = await this.#connection.request({ action: 'getVoiceCredentials', voiceRoomId })
    this.#isOurs = answer.role === 'MASTER'
    this.#hasSat = true
    this.#checkWanted()
    return seatOf(answer)
  }

  async #open(): Promise<string> {
    const { voiceRoomId, masterUserId } = await this.#connection.request({ action: 'createVoiceRoom', roomId: this.#roomId })
    this.#voiceRoomId = voiceRoomId
    // One that was there is answered alike, and one that somebody else starts at the same time.
    this.#isOurs = masterUserId === this.#me
    this.#checkWanted()
    return voiceRoomId
  }

  /** A star that was made for a page which has left meanwhile would have a host whom nobody hears. */
  #checkWanted(): void {
    if (this.#closed === undefined) return
    // What ended was another star, before this one.
    if (this.#closed !== 'replaced') this.#end()
    throw new RequestError('disconnected', 'voice was left before there was a seat')
  }

  #end(): void {
    if (!this.#isOurs || this.#voiceRoomId === undefined) return
    this.#connection.tell({ action: 'endVoiceRoom', voiceRoomId: this.#voiceRoomId })
    this.#voiceRoomId = undefined
  }
}

function seatOf({ role, channelARN, region, endpoints, clientId, signalingUrl, iceServers, iceExpiresAt }: AnswerTo<'getVoiceCredentials'>): Seat {
  return {
    role: role === 'MASTER' ? 'host' : 'guest',
    channelArn: channelARN,
    endpoint: endpoints.find(({ Protocol }) => Protocol === 'WSS')?.ResourceEndpoint ?? '',
    region,
    clientId,
    signalingUrl,
    iceServers: iceServers.map(rtcServer),
    iceExpiresAt,
  }
}
