/** Holds what a signed-in person sees of their rooms, and writes down what must outlive the page. */

import { type Observable, Variable } from '../observable'
import type { Limits } from '../transport/protocol.gen'
import type { PersonMemory } from './memory'
import { changeMember, markSeen, type MemberRoom, type Room, type Rooms, withRoom } from './rooms'

export interface SessionState {
  /** The name as the server writes it. */
  readonly me: string
  /** Known after the first welcome. */
  readonly limits: Limits | undefined
  readonly rooms: Rooms
}

export class RoomStore {
  readonly #memory: PersonMemory
  readonly #state: Variable<SessionState>
  #attended: string | undefined
  /** As written down. */
  #asked: readonly string[]

  constructor(name: string, memory: PersonMemory) {
    this.#memory = memory
    this.#asked = memory.asked
    this.#state = new Variable<SessionState>({
      me: name,
      limits: undefined,
      rooms: new Map(this.#asked.map((roomId) => [roomId, { kind: 'asking', roomId }])),
    })
  }

  get state(): Observable<SessionState> {
    return this.#state
  }

  get me(): string {
    return this.#state.getSnapshot().me
  }

  get rooms(): Rooms {
    return this.#state.getSnapshot().rooms
  }

  /** The room before the person's eyes; what arrives there counts as read. */
  get attended(): string | undefined {
    return this.#attended
  }

  set attended(roomId: string | undefined) {
    this.#attended = roomId
    this.#markSeen()
  }

  /** A room in which the person is a member. */
  member(roomId: string): MemberRoom | undefined {
    const room = this.rooms.get(roomId)
    return room?.kind === 'member' ? room : undefined
  }

  introduce(me: string, limits: Limits): void {
    this.#state.update((state) => ({ ...state, me, limits }))
  }

  set(rooms: Rooms): void {
    this.#state.update((state) => (state.rooms === rooms ? state : { ...state, rooms }))
    this.#keepAsked()
    this.#markSeen()
  }

  change(roomId: string, change: (room: MemberRoom) => Room): void {
    this.set(changeMember(this.rooms, roomId, change))
  }

  #keepAsked(): void {
    const asked = [...this.rooms.values()].filter(({ kind }) => kind === 'asking').map(({ roomId }) => roomId)
    if (asked.join() === this.#asked.join()) return
    this.#asked = asked
    this.#memory.asked = asked
  }

  #markSeen(): void {
    const room = this.#attended === undefined ? undefined : this.member(this.#attended)
    if (room === undefined) return
    const marked = markSeen(room)
    if (marked === room || marked.seen === undefined) return
    this.#memory.setSeen(marked.roomId, marked.seen)
    this.#state.update((state) => ({ ...state, rooms: withRoom(state.rooms, marked) }))
  }
}
