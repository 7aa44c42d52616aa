/**
 * A chat server in memory, for tests of the state against more than scripted frames. Speaks the protocol's
 * text part, delivers as the real one does (at least once, own messages too) and can be cut, muted and made
 * to refuse. Not a model of its limits or its names.
 */

import type { ChatMessage, Limits, Request, ServerMessage } from '../protocol.gen'
import type { SocketFactory } from '../socket'
import type { FakeEnvironment } from './environment'
import { FakeRoom } from './room'
import { answerVoice } from './voice'

export const LIMITS: Limits = {
  messageBytes: 8192,
  frameBytes: 32_768,
  nameMin: 2,
  nameMax: 20,
  roomNameMax: 50,
  idMax: 64,
  historyMax: 100,
  connectionsMax: 5,
  roomsMax: 200,
  requestsMax: 50,
}

class Refused extends Error {
  readonly answer: Extract<ServerMessage, { action: 'error' }>

  constructor(code: Extract<ServerMessage, { action: 'error' }>['code'], message: string) {
    super(message)
    this.answer = { action: 'error', code, message }
  }
}

/** One open socket, seen from the server. */
interface Line {
  readonly userId: string
  /** Why the connection is not taken, if it is not. */
  readonly refusal: Refused | undefined
  readonly deliver: (frame: object) => void
  readonly close: (code: number) => void
}

export class FakeServer {
  /** Every frame that arrived, in order. */
  readonly received: (Request & { readonly from: string })[] = []
  /** Attempts to connect, refused ones included. */
  attempts = 0
  /** Whether the network lets anybody in. */
  isReachable = true
  /** Swallows what arrives, as a dead line does. */
  isMute = false
  /** Looks at each request first; what it returns is the answer. */
  intercept: (request: Request, from: string) => ServerMessage | undefined = () => undefined
  /** How long a request is on its way, ms; one that takes longer is overtaken. */
  travelMs: (request: Request) => number = () => 0
  readonly rooms = new Map<string, FakeRoom>()
  readonly #environment: FakeEnvironment
  readonly #lines = new Set<Line>()
  readonly #tokens = new Map<string, string>()
  readonly #taken = new Set<string>()
  #sequence = 0

  constructor(environment: FakeEnvironment) {
    this.#environment = environment
  }

  readonly openSocket: SocketFactory = (url, events) => {
    this.attempts += 1
    const query = new URL(url).searchParams
    let isAbandoned = false
    const line: Line = {
      userId: query.get('userId') ?? '',
      refusal: this.#refusal(query.get('userId') ?? '', query.get('session') ?? undefined),
      deliver: (frame) => later(() => isAbandoned || events.received(JSON.stringify(frame))),
      close: (code) => {
        if (!this.#remove(line)) return
        later(() => isAbandoned || events.closed(code))
      },
    }
    if (this.isReachable && line.refusal === undefined) this.#tellPresence(line.userId, true)
    this.#lines.add(line)
    if (this.isReachable) later(() => isAbandoned || events.opened())
    else line.close(1006)
    return {
      send: (text) => {
        if (this.#lines.has(line) && !this.isMute) this.#receive(line, text)
      },
      abandon: () => {
        isAbandoned = true
        this.#remove(line)
      },
    }
  }

  /** Cuts every line of a person. */
  cut(userId: string): void {
    for (const line of this.#lines) if (line.userId === userId) line.close(1006)
  }

  /** Somebody else has the name from now on. */
  takeName(userId: string): void {
    this.#taken.add(userId)
  }

  isConnected(userId: string): boolean {
    return [...this.#lines].some((line) => line.userId === userId)
  }

  /** To every line of a person. */
  push(userId: string, frame: ServerMessage): void {
    for (const line of this.#lines) if (line.userId === userId) line.deliver(frame)
  }

  /** A room made by hand. */
  addRoom(roomId: string, roomName: string, admin: string, members: readonly string[] = []): FakeRoom {
    const room = new FakeRoom(roomId, roomName, admin, members)
    this.rooms.set(roomId, room)
    return room
  }

  /** Stores a message as if `userId` had sent it and tells the members; `clockMs` is how far that sender's clock is off. */
  say(roomId: string, userId: string, text: string, clientMessageId?: string, clockMs = 0): ChatMessage {
    const room = this.#room(roomId)
    const timestamp = this.#environment.now() + clockMs
    const message: ChatMessage = {
      roomId,
      messageId: this.#messageId(timestamp),
      userId,
      message: text,
      timestamp,
      ...(clientMessageId === undefined ? {} : { clientMessageId }),
    }
    room.store(message)
    for (const member of room.members) this.push(member, { action: 'message', ...message })
    return message
  }

  #remove(line: Line): boolean {
    const wasThere = this.#lines.delete(line)
    if (wasThere && !this.isConnected(line.userId)) this.#tellPresence(line.userId, false)
    return wasThere
  }

  #tellPresence(userId: string, online: boolean): void {
    for (const { roomId, members } of this.rooms.values()) {
      if (!members.includes(userId)) continue
      for (const member of members) if (member !== userId) this.push(member, { action: 'presence', roomId, userId, online })
    }
  }

  #receive(line: Line, text: string): void {
    // The client's own code wrote it.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const request = JSON.parse(text) as Request
    const ms = this.travelMs(request)
    if (ms === 0) this.#arrived(line, request)
    else this.#environment.after(ms, () => this.#arrived(line, request))
  }

  #arrived(line: Line, request: Request): void {
    this.received.push({ ...request, from: line.userId })
    const { requestId } = request
    if (line.refusal !== undefined) {
      this.#refuse(line, requestId)
      return
    }
    try {
      line.deliver({ ...(this.intercept(request, line.userId) ?? this.#answer(line, request)), requestId })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      line.deliver({ ...error.answer, requestId })
    }
  }

  /** To the server a refused connection is nobody's; why it is refused comes unasked and a little later. */
  #refuse(line: Line, requestId: string | undefined): void {
    line.deliver({ action: 'error', code: 'unauthorized', message: 'this connection has no identity', requestId })
    this.#environment.after(100, () => {
      if (line.refusal !== undefined) line.deliver(line.refusal.answer)
      line.close(1000)
    })
  }

  #refusal(userId: string, session: string | undefined): Refused | undefined {
    const token = this.#tokens.get(userId)
    if (this.#taken.has(userId)) return new Refused('conflict', 'the name is in use')
    if (session !== undefined && session !== token) return new Refused('unauthorized', 'this session is not known')
    if (session === undefined && token !== undefined) return new Refused('conflict', 'the name is in use')
    return undefined
  }

  #answer(line: Line, request: Request): ServerMessage {
    const { userId } = line
    switch (request.action) {
      case 'hello':
        return this.#welcome(line)
      case 'ping':
        return { action: 'pong', timestamp: this.#environment.now() }
      case 'createRoom': {
        const roomId = `room${String(this.rooms.size).padStart(8, '0')}`
        this.addRoom(roomId, request.roomName, userId)
        return { action: 'roomCreated', roomId, roomName: request.roomName }
      }
      case 'joinRoom':
        return request.subAction === 'request'
          ? this.#ask(request.roomId, userId)
          : this.#decide(request.roomId, userId, request.targetUserId ?? '', request.subAction === 'approve')
      case 'sendMessage':
        return this.#send(request, userId)
      case 'getMembers': {
        const room = this.#membersRoom(request.roomId, userId)
        return room.membersAnswer((member) => this.isConnected(member), request.after)
      }
      case 'leaveRoom': {
        const room = this.#membersRoom(request.roomId, userId)
        room.remove(userId)
        for (const member of room.members) this.push(member, { action: 'memberLeft', roomId: room.roomId, userId })
        return { action: 'roomLeft', roomId: room.roomId }
      }
      case 'getHistory':
        return this.#membersRoom(request.roomId, userId).historyAnswer(request)
      case 'createVoiceRoom':
      case 'getVoiceCredentials':
      case 'endVoiceRoom':
        throw new Refused('unknownAction', 'this server knows no stars')
      case 'voiceSignal':
        return answerVoice(this.#membersRoom(request.roomId, userId), request, userId, (to, frame) => this.push(to, frame))
    }
  }

  #welcome({ userId }: Line): ServerMessage {
    const sessionToken = `token-of-${userId}`
    this.#tokens.set(userId, sessionToken)
    const rooms = [...this.rooms.values()].filter((room) => room.members.includes(userId))
    return {
      action: 'welcome',
      userId,
      sessionToken,
      serverTime: this.#environment.now(),
      limits: LIMITS,
      rooms: rooms.map(({ roomId, roomName, admin }) => ({ roomId, roomName, isAdmin: admin === userId })),
    }
  }

  #ask(roomId: string, userId: string): ServerMessage {
    const room = this.#room(roomId)
    if (room.members.includes(userId)) return { action: 'joinResponse', roomId, status: 'approved', roomName: room.roomName }
    room.ask(userId)
    this.push(room.admin, { action: 'joinRequest', roomId, userId })
    return { action: 'joinResponse', roomId, status: 'pending' }
  }

  #decide(roomId: string, userId: string, target: string, isApproved: boolean): ServerMessage {
    const room = this.#room(roomId)
    if (room.admin !== userId) throw new Refused('forbidden', 'only the admin decides')
    room.decide(target, isApproved)
    if (isApproved) for (const member of room.members) this.push(member, { action: 'memberJoined', roomId, userId: target })
    const status = isApproved ? 'approved' : 'rejected'
    const answer = { action: 'joinResponse', roomId, status, ...(isApproved ? { roomName: room.roomName } : {}) } as const
    this.push(target, answer)
    return { ...answer, userId: target }
  }

  #send({ roomId = '', message, clientMessageId }: Extract<Request, { action: 'sendMessage' }>, userId: string): ServerMessage {
    const room = this.#membersRoom(roomId, userId)
    const held = room.messages.find(
      (stored) => clientMessageId !== undefined && stored.userId === userId && stored.clientMessageId === clientMessageId,
    )
    const { messageId, timestamp } = held ?? this.say(roomId, userId, message, clientMessageId)
    return { action: 'messageAck', roomId, messageId, timestamp, ...(clientMessageId === undefined ? {} : { clientMessageId }) }
  }

  #membersRoom(roomId: string, userId: string): FakeRoom {
    const room = this.#room(roomId)
    if (!room.members.includes(userId)) throw new Refused('forbidden', 'only members may do this')
    return room
  }

  #room(roomId: string): FakeRoom {
    const room = this.rooms.get(roomId)
    if (room === undefined) throw new Refused('notFound', 'there is no such room')
    return room
  }

  /** A ULID whose chance part counts up. */
  #messageId(timestamp: number): string {
    this.#sequence += 1
    const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
    const digits = Array.from({ length: 10 }, (_, place) => alphabet.charAt(Math.floor(timestamp / 32 ** (9 - place)) % 32))
    return digits.join('') + String(this.#sequence).padStart(16, '0')
  }
}

/** A network never answers within the call that sends. */
function later(task: () => unknown): void {
  queueMicrotask(() => {
    task()
  })
}
