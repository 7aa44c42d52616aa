/** Seats at one room's star, asked for over the chat's own connection. */

import type { Connection } from '../transport/connection'
import type { AnswerTo } from '../transport/requests'
import type { Seat, StarDesk } from './seat'
import { type CloseReason, rtcServer } from './signals'

export class Desk implements StarDesk {
  readonly #connection: Pick<Connection, 'request' | 'tell'>
  readonly #roomId: string
  #voiceRoomId: string | undefined
  #isHost = false

  constructor(connection: Pick<Connection, 'request' | 'tell'>, roomId: string) {
    this.#connection = connection
    this.#roomId = roomId
  }

  get voiceRoomId(): string | undefined {
    return this.#voiceRoomId
  }

  async seat(): Promise<Seat> {
    this.#voiceRoomId ??= (await this.#connection.request({ action: 'createVoiceRoom', roomId: this.#roomId })).voiceRoomId
    const answer = await this.#connection.request({ action: 'getVoiceCredentials', voiceRoomId: this.#voiceRoomId })
    this.#isHost = answer.role === 'MASTER'
    return seatOf(answer)
  }

  close(why: CloseReason): void {
    // Whoever has joined from another page hosts from there; otherwise the server has ended it.
    if (why === 'left') this.#end()
  }

  #end(): void {
    if (this.#isHost && this.#voiceRoomId !== undefined) this.#connection.tell({ action: 'endVoiceRoom', voiceRoomId: this.#voiceRoomId })
  }
}

function seatOf({ role, channelARN, region, endpoints, clientId, signalingUrl, iceServers }: AnswerTo<'getVoiceCredentials'>): Seat {
  return {
    role: role === 'MASTER' ? 'host' : 'guest',
    channelArn: channelARN,
    endpoint: endpoints.find(({ Protocol }) => Protocol === 'WSS')?.ResourceEndpoint ?? '',
    region,
    clientId,
    signalingUrl,
    iceServers: iceServers.map(rtcServer),
  }
}
