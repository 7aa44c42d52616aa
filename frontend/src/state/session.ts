/**
 * One person signed in: their rooms, kept up to date over one connection. Actions return promises that
 * reject with a `RequestError` where the caller shows the failure, and post a notice where nobody waits.
 */

import type { Observable } from '../observable'
import type { Config } from '../transport/config'
import { Connection, type ConnectionState, type Welcome } from '../transport/connection'
import type { Environment } from '../transport/environment'
import { asRequestError } from '../transport/errors'
import { Outbox, type OutboxEntry } from '../transport/outbox'
import type { JoinStatus, RoomSummary, ServerMessage, VoiceEvent } from '../transport/protocol.gen'
import type { AnswerTo } from '../transport/requests'
import type { SocketFactory } from '../transport/socket'
import { signalOf, VoiceLine } from '../voice/line'
import type { VoiceParts } from '../voice/parts'
import { PreferenceStore } from '../voice/preferences'
import { Voice } from '../voice/voice'
import type { PersonMemory } from './memory'
import { cleanMessage } from './message'
import { type News, type Notice, Notices } from './notices'
import { applyPush } from './pushes'
import { fallBehind, newMemberRoom, reconcile, withMessages, withoutParticipant, withoutRoom, withRoom } from './rooms'
import { RoomStore, type SessionState } from './roomStore'
import { Sync } from './sync'

export type Decision = 'approve' | 'reject'

export interface SessionOptions {
  readonly config: Config
  readonly name: string
  readonly memory: PersonMemory
  readonly environment: Environment
  readonly openSocket: SocketFactory
  readonly voice: VoiceParts
}

export class Session {
  readonly #options: SessionOptions
  readonly #store: RoomStore
  readonly #connection: Connection
  readonly #outbox: Outbox
  readonly #sync: Sync
  readonly #notices: Notices
  readonly #voiceLine: VoiceLine
  /** This person's part in a room's voice. */
  readonly voice: Voice

  constructor(options: SessionOptions) {
    const { environment, memory, openSocket, name } = options
    this.#options = options
    this.#store = new RoomStore(name, memory)
    this.#notices = new Notices(environment)
    this.#connection = new Connection({
      url: () => this.#url(),
      openSocket,
      environment,
      events: { welcomed: (welcome) => this.#welcomed(welcome), pushed: (push) => this.#pushed(push) },
    })
    this.#sync = new Sync(this.#store, this.#connection, environment)
    this.#outbox = new Outbox({
      environment,
      storage: memory.outbox,
      send: (entry) => this.#sendEntry(entry),
      delivered: (entry, ack) => this.#delivered(entry, ack),
    })
    this.#voiceLine = new VoiceLine(this.#connection)
    this.voice = new Voice({
      ...options.voice,
      me: () => this.#store.me,
      line: this.#voiceLine,
      topology: options.config.voice.transport === 'kinesis' ? 'star' : 'mesh',
      environment,
      preferences: new PreferenceStore(memory.voice),
      present: (roomId, people) => this.#store.change(roomId, (room) => ({ ...room, voice: { ...room.voice, people } })),
    })
    this.#store.state.subscribe(() => this.#leaveGoneRoom())
    this.#connection.state.subscribe(() => this.#connectionChanged())
  }

  get state(): Observable<SessionState> {
    return this.#store.state
  }

  get connection(): Observable<ConnectionState> {
    return this.#connection.state
  }

  get outbox(): Observable<readonly OutboxEntry[]> {
    return this.#outbox.entries
  }

  get notices(): Observable<readonly Notice[]> {
    return this.#notices.list
  }

  start(): void {
    this.#connection.start()
  }

  stop(): void {
    this.voice.leave()
    this.#connection.stop()
  }

  retryNow(): void {
    this.#connection.retryNow()
  }

  /** The page came back before the person's eyes; a phone may have cut the line meanwhile. */
  wake(): void {
    this.#connection.retryNow()
    this.#connection.probe()
  }

  /** Says which room is before the person's eyes; its messages count as read. */
  attend(roomId: string | undefined): void {
    this.#store.attended = roomId
  }

  dismissNotice(id: number): void {
    this.#notices.dismiss(id)
  }

  async createRoom(roomName: string): Promise<string> {
    const { roomId, roomName: given } = await this.#connection.request({ action: 'createRoom', roomName })
    this.#enter({ roomId, roomName: given, isAdmin: true })
    return roomId
  }

  /** What became of it at once; a later decision comes as a push. */
  async askToJoin(roomId: string): Promise<JoinStatus> {
    const answer = await this.#connection.request({ action: 'joinRoom', subAction: 'request', roomId })
    if (answer.status === 'approved') this.#enter({ roomId, roomName: answer.roomName ?? roomId, isAdmin: false })
    else this.#store.set(withRoom(this.#store.rooms, { kind: answer.status === 'pending' ? 'asking' : 'rejected', roomId }))
    return answer.status
  }

  decide(roomId: string, targetUserId: string, decision: Decision): void {
    this.#notices.settleRequest(roomId, targetUserId)
    void this.#orNotice('decide', async () => {
      await this.#connection.request({ action: 'joinRoom', subAction: decision, roomId, targetUserId })
      if (decision === 'approve') this.#pushed({ action: 'memberJoined', roomId, userId: targetUserId })
      else this.#store.change(roomId, (room) => withoutParticipant(room, targetUserId))
    }).then((isDone) => (isDone ? undefined : this.#sync.room(roomId)))
  }

  send(roomId: string, text: string): void {
    const cleaned = cleanMessage(text)
    if (cleaned !== '') this.#outbox.add(roomId, cleaned)
  }

  readonly retrySend = (clientMessageId: string): void => this.#outbox.retry(clientMessageId)

  readonly discardSend = (clientMessageId: string): void => this.#outbox.discard(clientMessageId)

  /** Whether the room was left. */
  async leave(roomId: string): Promise<boolean> {
    return await this.#orNotice('leave', async () => {
      await this.#connection.request({ action: 'leaveRoom', roomId })
      this.#store.set(withoutRoom(this.#store.rooms, roomId))
    })
  }

  /** Takes a room that is only asked for, rejected or gone off the list. */
  forgetRoom(roomId: string): void {
    if (this.#store.member(roomId) === undefined) this.#store.set(withoutRoom(this.#store.rooms, roomId))
  }

  /** Tries again to bring a room up to date. */
  refresh(roomId: string): void {
    void this.#sync.room(roomId)
  }

  loadOlder(roomId: string): void {
    void this.#orNotice('older', () => this.#sync.older(roomId))
  }

  /** Mutes somebody else in voice; admins only. */
  muteInVoice(roomId: string, userId: string): void {
    void this.#orNotice('mute', async () => this.#pushed(await this.#voiceLine.muteOther(roomId, userId)))
  }

  /** Ends voice for everybody; it stays off, or can be started anew. Admins only. */
  endVoice(roomId: string, after: 'off' | 'on'): void {
    void this.#orNotice('voiceSwitch', async () => {
      this.#pushed(await this.#voiceLine.allow(roomId, false))
      if (after === 'on') this.#pushed(await this.#voiceLine.allow(roomId, true))
    })
  }

  /** Admins only. */
  allowVoice(roomId: string): void {
    void this.#orNotice('voiceSwitch', async () => this.#pushed(await this.#voiceLine.allow(roomId, true)))
  }

  #url(): string {
    const { config, name, memory } = this.#options
    const query = new URLSearchParams({ userId: name })
    if (memory.token !== undefined) query.set('session', memory.token)
    // A space as %20, which every server reads alike; `+` is a convention of forms.
    return `${config.webSocketUrl}?${query.toString().replaceAll('+', '%20')}`
  }

  #connectionChanged(): void {
    if (this.#connection.state.getSnapshot().kind === 'online') return
    this.#outbox.close()
    this.voice.lineDown()
    const { rooms } = this.#store
    this.#store.set(new Map([...rooms].map(([roomId, room]) => [roomId, room.kind === 'member' ? fallBehind(room) : room])))
  }

  #welcomed(welcome: Welcome): void {
    const { memory } = this.#options
    memory.token = welcome.sessionToken
    this.#announceEntries(welcome)
    const { seen } = memory
    this.#store.introduce(welcome.userId, welcome.limits)
    this.#store.set(reconcile(this.#store.rooms, welcome.rooms, (roomId) => seen[roomId]))
    this.#outbox.open()
    this.voice.lineUp()
    void this.#sync.all(new Set(welcome.rooms.map(({ roomId }) => roomId)))
  }

  /** Requests that were granted while this person was away. */
  #announceEntries({ rooms }: Welcome): void {
    for (const { roomId, roomName } of rooms) {
      if (this.#store.rooms.get(roomId)?.kind === 'asking') this.#notices.add({ kind: 'letIn', roomId, roomName })
    }
  }

  #enter(summary: RoomSummary): void {
    if (this.#store.member(summary.roomId) === undefined) {
      const room = newMemberRoom(summary, this.#options.memory.seen[summary.roomId])
      this.#store.set(withRoom(this.#store.rooms, room))
    }
    void this.#sync.room(summary.roomId)
  }

  #pushed(push: ServerMessage): void {
    this.#store.set(applyPush(this.#store.rooms, push, this.#store.me))
    if (push.action === 'joinResponse') this.#decided(push)
    if (push.action === 'joinRequest') this.#requested(push.roomId, push.userId)
    if (push.action === 'memberJoined' || push.action === 'memberLeft') {
      this.#notices.settleRequest(push.roomId, push.userId)
    }
    if (push.action === 'memberLeft') {
      this.#succeeded(push.roomId)
      this.voice.memberLeft(push.roomId, push.userId)
    }
    if (push.action === 'voiceSignal') this.#voiceSignalled(push)
    if (push.action === 'voiceRoomEnded') this.voice.starEnded(push.voiceRoomId)
  }

  #voiceSignalled(event: VoiceEvent): void {
    const signal = signalOf(event)
    if (signal !== undefined) this.voice.signalled(signal)
  }

  /** Who is no longer in a room hears nothing of it. */
  #leaveGoneRoom(): void {
    const voice = this.voice.state.getSnapshot()
    if (voice.kind === 'on' && this.#store.member(voice.roomId) === undefined) this.voice.roomGone(voice.roomId)
  }

  /** When the last admin leaves, another member becomes admin, of which no push tells. */
  #succeeded(roomId: string): void {
    const room = this.#store.member(roomId)
    if (room !== undefined && !room.participants.some(({ isAdmin }) => isAdmin)) void this.#sync.room(roomId)
  }

  #requested(roomId: string, userId: string): void {
    const room = this.#store.member(roomId)
    if (room?.isAdmin === true) this.#notices.add({ kind: 'joinRequest', roomId, roomName: room.roomName, userId })
  }

  #decided({ roomId, status, roomName }: AnswerTo<'joinRoom'>): void {
    if (this.#store.member(roomId) !== undefined) return
    // Whoever looks at the room sees it change.
    const isWatched = this.#store.attended === roomId
    if (status === 'rejected' && !isWatched) this.#notices.add({ kind: 'turnedAway', roomId })
    if (status !== 'approved') return
    this.#enter({ roomId, roomName: roomName ?? roomId, isAdmin: false })
    if (!isWatched) this.#notices.add({ kind: 'letIn', roomId, roomName: roomName ?? roomId })
  }

  #sendEntry({ roomId, text, clientMessageId }: OutboxEntry): Promise<AnswerTo<'sendMessage'>> {
    return this.#connection.request({ action: 'sendMessage', roomId, message: text, clientMessageId })
  }

  #delivered({ roomId, text, clientMessageId }: OutboxEntry, { messageId, timestamp }: AnswerTo<'sendMessage'>): void {
    const message = { roomId, messageId, userId: this.#store.me, message: text, timestamp, clientMessageId }
    this.#store.change(roomId, (room) => withMessages(room, [message]))
  }

  /** Whether it was done; posts a notice where not. */
  async #orNotice(what: Extract<News, { kind: 'failed' }>['what'], action: () => Promise<void>): Promise<boolean> {
    try {
      await action()
      return true
    } catch (thrown) {
      const { code, message } = asRequestError(thrown)
      this.#notices.add({ kind: 'failed', what, code, message })
      return false
    }
  }
}
