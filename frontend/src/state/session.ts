/**
 * One person signed in: their rooms, kept up to date over one connection. Actions return promises that
 * reject with a `RequestError` where the caller shows the failure, and post a notice where nobody waits.
 */

import { type Observable, Variable } from '../observable'
import type { Config } from '../transport/config'
import { Connection, type ConnectionState, type Welcome } from '../transport/connection'
import type { Environment } from '../transport/environment'
import { asRequestError } from '../transport/errors'
import { Outbox, type OutboxEntry } from '../transport/outbox'
import type { JoinStatus, Limits, ServerMessage } from '../transport/protocol.gen'
import type { AnswerTo } from '../transport/requests'
import type { SocketFactory } from '../transport/socket'
import { CatchUp, CLOCK_TOLERANCE_MS, type Missing, type People } from './catchUp'
import { cleanMessage } from './message'
import type { PersonMemory } from './memory'
import { type News, type Notice, Notices } from './notices'
import { applyPush } from './pushes'
import {
  changeMember,
  fallBehind,
  gone,
  lastMessageId,
  markSeen,
  type MemberRoom,
  newMemberRoom,
  reconcile,
  type Room,
  type Rooms,
  withMessages,
  withoutParticipant,
  withoutRoom,
  withRoom,
} from './rooms'

export type Decision = 'approve' | 'reject'

const PEOPLE_ATTEMPTS = 4

export interface SessionState {
  /** The name as the server writes it. */
  readonly me: string
  /** Known after the first welcome. */
  readonly limits: Limits | undefined
  readonly rooms: Rooms
}

export interface SessionOptions {
  readonly config: Config
  readonly name: string
  readonly memory: PersonMemory
  readonly environment: Environment
  readonly openSocket: SocketFactory
}

export class Session {
  readonly #options: SessionOptions
  readonly #state: Variable<SessionState>
  readonly #connection: Connection
  readonly #outbox: Outbox
  readonly #catchUp: CatchUp
  readonly #notices: Notices
  readonly #syncing = new Set<string>()
  /** Rooms that the last welcome did not list, though this person was in them. */
  #unlisted: ReadonlySet<string> = new Set()
  /** The room that the person looks at. */
  #attended: string | undefined

  constructor(options: SessionOptions) {
    const { environment, memory, openSocket, name } = options
    this.#options = options
    this.#state = new Variable<SessionState>({
      me: name,
      limits: undefined,
      rooms: new Map(memory.asked.map((roomId) => [roomId, { kind: 'asking', roomId }])),
    })
    this.#notices = new Notices(environment)
    this.#connection = new Connection({
      url: () => this.#url(),
      openSocket,
      environment,
      events: { welcomed: (welcome) => this.#welcomed(welcome), pushed: (push) => this.#pushed(push) },
    })
    this.#catchUp = new CatchUp(this.#connection, environment)
    this.#outbox = new Outbox({
      environment,
      storage: memory.outbox,
      send: (entry) => this.#sendEntry(entry),
      delivered: (entry, ack) => this.#delivered(entry, ack),
    })
    this.#connection.state.subscribe(() => this.#connectionChanged())
  }

  get state(): Observable<SessionState> {
    return this.#state
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
    else this.#setRooms(withRoom(this.#rooms, { kind: answer.status === 'pending' ? 'asking' : 'rejected', roomId }))
    return answer.status
  }

  decide(roomId: string, targetUserId: string, decision: Decision): void {
    this.#notices.settleRequest(roomId, targetUserId)
    void this.#orNotice('decide', async () => {
      await this.#connection.request({ action: 'joinRoom', subAction: decision, roomId, targetUserId })
      if (decision === 'approve') this.#pushed({ action: 'memberJoined', roomId, userId: targetUserId })
      else this.#setRooms(changeMember(this.#rooms, roomId, (room) => withoutParticipant(room, targetUserId)))
    }).then((isDone) => (isDone ? undefined : this.#sync(roomId)))
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
      this.#setRooms(withoutRoom(this.#rooms, roomId))
    })
  }

  /** Takes a room that is only asked for, rejected or gone off the list. */
  forgetRoom(roomId: string): void {
    if (this.#rooms.get(roomId)?.kind !== 'member') this.#setRooms(withoutRoom(this.#rooms, roomId))
  }

  loadOlder(roomId: string): void {
    const room = this.#rooms.get(roomId)
    if (room?.kind !== 'member' || room.older.kind !== 'more') return
    const { older } = room
    this.#change(roomId, (held) => ({ ...held, older: { kind: 'loading', before: older.before } }))
    void this.#orNotice('older', async () => {
      const page = await this.#catchUp.before(roomId, older.before)
      this.#change(roomId, (held) => ({ ...withMessages(held, page.messages), older: page.older }))
    }).then((isDone) => (isDone ? undefined : this.#change(roomId, (held) => ({ ...held, older }))))
  }

  /** Says which room is before the person's eyes; its messages count as read. */
  attend(roomId: string | undefined): void {
    this.#attended = roomId
    this.#markSeen()
  }

  get #rooms(): Rooms {
    return this.#state.getSnapshot().rooms
  }

  #setRooms(rooms: Rooms): void {
    this.#state.update((state) => (state.rooms === rooms ? state : { ...state, rooms }))
    this.#options.memory.asked = [...rooms.values()].filter(({ kind }) => kind === 'asking').map(({ roomId }) => roomId)
    this.#markSeen()
  }

  #change(roomId: string, change: (room: MemberRoom) => Room): void {
    this.#setRooms(changeMember(this.#rooms, roomId, change))
  }

  #url(): string {
    const { config, name, memory } = this.#options
    const query = new URLSearchParams({ userId: name })
    if (memory.token !== undefined) query.set('session', memory.token)
    // A space as %20, which every server reads alike; `+` is a convention of forms.
    return `${config.webSocketUrl}?${query.toString().replaceAll('+', '%20')}`
  }

  #connectionChanged(): void {
    const { kind } = this.#connection.state.getSnapshot()
    if (kind === 'online') return
    this.#outbox.close()
    this.#setRooms(
      new Map([...this.#rooms].map(([roomId, room]) => [roomId, room.kind === 'member' ? fallBehind(room) : room])),
    )
  }

  #welcomed(welcome: Welcome): void {
    const { memory } = this.#options
    memory.token = welcome.sessionToken
    this.#announceEntries(welcome)
    const { seen } = memory
    const rooms = reconcile(this.#rooms, welcome.rooms, (roomId) => seen[roomId])
    const listed = new Set(welcome.rooms.map(({ roomId }) => roomId))
    this.#unlisted = new Set([...rooms.keys()].filter((roomId) => !listed.has(roomId)))
    this.#state.set({ me: welcome.userId, limits: welcome.limits, rooms })
    this.#setRooms(rooms)
    this.#outbox.open()
    void this.#syncAll()
  }

  /** Requests that were granted while this person was away. */
  #announceEntries({ rooms }: Welcome): void {
    for (const { roomId, roomName } of rooms) {
      if (this.#rooms.get(roomId)?.kind === 'asking') this.#notices.add({ kind: 'letIn', roomId, roomName })
    }
  }

  /** The attended room first; one after the other, so that a reconnect is no flood. */
  async #syncAll(): Promise<void> {
    const ids = [...this.#rooms.values()].filter(({ kind }) => kind === 'member').map(({ roomId }) => roomId)
    const attended = this.#attended
    const order = attended !== undefined && ids.includes(attended) ? [attended, ...ids.filter((id) => id !== attended)] : ids
    for (const roomId of order) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#sync(roomId)
    }
  }

  async #sync(roomId: string): Promise<void> {
    const room = this.#rooms.get(roomId)
    if (room?.kind !== 'member' || this.#syncing.has(roomId)) return
    this.#syncing.add(roomId)
    try {
      await this.#syncPeople(roomId)
      await this.#listen(roomId)
      await this.#syncMessages(roomId)
      this.#options.environment.after(CLOCK_TOLERANCE_MS, () => void this.#lookAgain(roomId))
    } catch (thrown) {
      const { code } = asRequestError(thrown)
      if (code === 'forbidden' || code === 'notFound') this.#change(roomId, gone)
    } finally {
      this.#syncing.delete(roomId)
    }
  }

  async #syncMessages(roomId: string): Promise<void> {
    const room = this.#rooms.get(roomId)
    if (room?.kind !== 'member') return
    const missing = await this.#catchUp.missing(room)
    this.#change(roomId, (held) => caughtUp(held, missing))
  }

  /**
   * A message whose addressees were looked up just before this person came back, and which was stored just
   * after they asked for the history, is in neither. A little later it is in the history.
   */
  async #lookAgain(roomId: string): Promise<void> {
    const room = this.#rooms.get(roomId)
    if (room?.kind !== 'member' || room.sync.kind !== 'live') return
    // A lost line means another catching up.
    await this.#syncMessages(roomId).catch(() => undefined)
  }

  /** The server attaches a new connection to the rooms in its welcome; to others a member has to come back. */
  async #listen(roomId: string): Promise<void> {
    if (!this.#unlisted.has(roomId)) return
    await this.#connection.request({ action: 'joinRoom', subAction: 'request', roomId })
    this.#unlisted = new Set([...this.#unlisted].filter((each) => each !== roomId))
  }

  /** A push about people can overtake the list that was asked for before it; then the list is asked for again. */
  async #syncPeople(roomId: string, attempt = 1): Promise<void> {
    const before = this.#participants(roomId)
    const people = await this.#catchUp.people(roomId)
    if (this.#participants(roomId) === before || attempt === PEOPLE_ATTEMPTS) {
      this.#change(roomId, (held) => withPeople(held, people, this.#state.getSnapshot().me))
    } else {
      await this.#syncPeople(roomId, attempt + 1)
    }
  }

  #participants(roomId: string): MemberRoom['participants'] | undefined {
    const room = this.#rooms.get(roomId)
    return room?.kind === 'member' ? room.participants : undefined
  }

  #enter(summary: { roomId: string; roomName: string; isAdmin: boolean }): void {
    if (this.#rooms.get(summary.roomId)?.kind !== 'member') {
      const room = newMemberRoom(summary, this.#options.memory.seen[summary.roomId])
      this.#setRooms(withRoom(this.#rooms, room))
    }
    void this.#sync(summary.roomId)
  }

  #pushed(push: ServerMessage): void {
    const { me } = this.#state.getSnapshot()
    this.#setRooms(applyPush(this.#rooms, push, me))
    if (push.action === 'joinResponse') this.#decided(push)
    if (push.action === 'joinRequest') this.#requested(push.roomId, push.userId)
    if (push.action === 'memberJoined' || push.action === 'memberLeft') {
      this.#notices.settleRequest(push.roomId, push.userId)
    }
  }

  #requested(roomId: string, userId: string): void {
    const room = this.#rooms.get(roomId)
    if (room?.kind !== 'member' || !room.isAdmin) return
    this.#notices.add({ kind: 'joinRequest', roomId, roomName: room.roomName, userId })
  }

  #decided({ roomId, status, roomName }: AnswerTo<'joinRoom'>): void {
    if (this.#rooms.get(roomId)?.kind === 'member') return
    // Whoever looks at the room sees it change.
    const isWatched = this.#attended === roomId
    if (status === 'rejected' && !isWatched) this.#notices.add({ kind: 'turnedAway', roomId })
    if (status !== 'approved') return
    this.#enter({ roomId, roomName: roomName ?? roomId, isAdmin: false })
    if (!isWatched) this.#notices.add({ kind: 'letIn', roomId, roomName: roomName ?? roomId })
  }

  #sendEntry({ roomId, text, clientMessageId }: OutboxEntry): Promise<AnswerTo<'sendMessage'>> {
    return this.#connection.request({ action: 'sendMessage', roomId, message: text, clientMessageId })
  }

  #delivered({ roomId, text, clientMessageId }: OutboxEntry, { messageId, timestamp }: AnswerTo<'sendMessage'>): void {
    const { me } = this.#state.getSnapshot()
    const message = { roomId, messageId, userId: me, message: text, timestamp, clientMessageId }
    this.#change(roomId, (room) => withMessages(room, [message]))
  }

  #markSeen(): void {
    const room = this.#attended === undefined ? undefined : this.#rooms.get(this.#attended)
    if (room?.kind !== 'member') return
    const marked = markSeen(room)
    if (marked === room || marked.seen === undefined) return
    this.#options.memory.setSeen(marked.roomId, marked.seen)
    this.#state.update((state) => ({ ...state, rooms: withRoom(state.rooms, marked) }))
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

function withPeople(room: MemberRoom, { roomName, participants }: People, me: string): MemberRoom {
  const isAdmin = participants.some((participant) => participant.userId === me && participant.isAdmin)
  return { ...room, roomName, participants, isAdmin }
}

function caughtUp(room: MemberRoom, missing: Missing): MemberRoom {
  const merged = withMessages(room, missing.messages)
  return {
    ...merged,
    older: missing.older ?? room.older,
    sync: { kind: 'live' },
    seen: room.seen ?? lastMessageId(merged) ?? '',
  }
}
