/** Brings rooms up to date with the server, after signing in, joining and every lost line. */

import type { Connection } from '../transport/connection'
import type { Environment } from '../transport/environment'
import { asRequestError } from '../transport/errors'
import { CatchUp, CLOCK_TOLERANCE_MS, type Missing, type People } from './catchUp'
import { gone, lastMessageId, type MemberRoom, type Trouble, withMessages } from './rooms'
import type { RoomStore } from './roomStore'

const PEOPLE_ATTEMPTS = 4

export class Sync {
  readonly #store: RoomStore
  readonly #connection: Pick<Connection, 'request'>
  readonly #environment: Environment
  readonly #catchUp: CatchUp
  readonly #running = new Set<string>()
  /** Rooms that the last welcome did not list, though this person was in them. */
  #unlisted: ReadonlySet<string> = new Set()

  constructor(store: RoomStore, connection: Pick<Connection, 'request'>, environment: Environment) {
    this.#store = store
    this.#connection = connection
    this.#environment = environment
    this.#catchUp = new CatchUp(connection, environment)
  }

  /** All rooms after a welcome that listed some: the attended one first, and one after the other, so that a reconnect is no flood. */
  async all(listed: ReadonlySet<string>): Promise<void> {
    const { rooms, attended } = this.#store
    this.#unlisted = new Set([...rooms.keys()].filter((roomId) => !listed.has(roomId)))
    const ids = [...rooms.keys()].toSorted((left, right) => Number(right === attended) - Number(left === attended))
    for (const roomId of ids) {
      // oxlint-disable-next-line no-await-in-loop
      await this.room(roomId)
    }
  }

  /** One room: who is in it, and the messages that are missing. */
  async room(roomId: string): Promise<void> {
    if (this.#store.member(roomId) === undefined || this.#running.has(roomId)) return
    this.#running.add(roomId)
    try {
      await this.#people(roomId)
      await this.#listen(roomId)
      await this.#messages(roomId)
      this.#environment.after(CLOCK_TOLERANCE_MS, () => void this.#lookAgain(roomId))
      this.#store.change(roomId, (room) => withTrouble(room, undefined))
    } catch (thrown) {
      const { code, message } = asRequestError(thrown)
      if (code === 'forbidden' || code === 'notFound') this.#store.change(roomId, (room) => gone(room, code === 'notFound'))
      // After a lost line everything is asked for again.
      else if (code !== 'disconnected' && code !== 'timeout') {
        this.#store.change(roomId, (room) => withTrouble(room, { code, message }))
      }
    } finally {
      this.#running.delete(roomId)
    }
  }

  /** The page before the oldest message held; rejects with a `RequestError`. */
  async older(roomId: string): Promise<void> {
    const room = this.#store.member(roomId)
    if (room?.older.kind !== 'more') return
    const { older } = room
    this.#store.change(roomId, (held) => ({ ...held, older: { kind: 'loading', before: older.before } }))
    try {
      const page = await this.#catchUp.before(roomId, older.before)
      this.#store.change(roomId, (held) => ({ ...withMessages(held, page.messages), older: page.older }))
    } catch (thrown) {
      this.#store.change(roomId, (held) => ({ ...held, older }))
      throw thrown
    }
  }

  /** A push about people can overtake the list that was asked for before it; then the list is asked for again. */
  async #people(roomId: string, attempt = 1): Promise<void> {
    const before = this.#store.member(roomId)
    const people = await this.#catchUp.people(roomId)
    const now = this.#store.member(roomId)
    const isUnchanged = now?.participants === before?.participants && now?.voice === before?.voice
    if (isUnchanged || attempt === PEOPLE_ATTEMPTS) {
      this.#store.change(roomId, (held) => withPeople(held, people, this.#store.me))
    } else {
      await this.#people(roomId, attempt + 1)
    }
  }

  async #messages(roomId: string): Promise<void> {
    const room = this.#store.member(roomId)
    if (room === undefined) return
    const missing = await this.#catchUp.missing(room)
    this.#store.change(roomId, (held) => caughtUp(held, missing))
  }

  /**
   * A message whose addressees were looked up just before this person came back, and which was stored just
   * after they asked for the history, is in neither. A little later it is in the history.
   */
  async #lookAgain(roomId: string): Promise<void> {
    if (this.#store.member(roomId)?.sync.kind !== 'live') return
    // A lost line means another catching up.
    await this.#messages(roomId).catch(() => undefined)
  }

  /** The server attaches a new connection to the rooms in its welcome; to others a member has to come back. */
  async #listen(roomId: string): Promise<void> {
    if (!this.#unlisted.has(roomId)) return
    await this.#connection.request({ action: 'joinRoom', subAction: 'request', roomId })
    this.#unlisted = new Set([...this.#unlisted].filter((each) => each !== roomId))
  }
}

function withTrouble(room: MemberRoom, trouble: Trouble | undefined): MemberRoom {
  return room.trouble === trouble ? room : { ...room, trouble }
}

function withPeople(room: MemberRoom, { roomName, participants, voice }: People, me: string): MemberRoom {
  const isAdmin = participants.some((participant) => participant.userId === me && participant.isAdmin)
  return { ...room, roomName, participants, voice, isAdmin }
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
