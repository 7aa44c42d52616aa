/** A room of the server in memory. */

import type { ChatMessage, GetHistory, ServerMessage } from '../protocol.gen'

export class FakeRoom {
  readonly roomId: string
  readonly roomName: string
  admin: string
  /** By id. */
  messages: readonly ChatMessage[] = []
  /** The most messages in one answer. */
  pageSize = 50
  /** The most members in one answer. */
  peoplePageSize = 800
  /** When the relay's credentials end, if they do. */
  iceExpiresAt: number | undefined
  /** Who is in voice, and whether they are muted. */
  readonly voice = new Map<string, boolean>()
  #members: readonly string[]
  #askers: readonly string[] = []

  constructor(roomId: string, roomName: string, admin: string, members: readonly string[]) {
    this.roomId = roomId
    this.roomName = roomName
    this.admin = admin
    this.#members = [admin, ...members]
  }

  get members(): readonly string[] {
    return this.#members
  }

  store(message: ChatMessage): void {
    this.messages = [...this.messages, message].toSorted((left, right) => (left.messageId < right.messageId ? -1 : 1))
  }

  ask(userId: string): void {
    this.#askers = [...this.#askers, userId]
  }

  decide(userId: string, isApproved: boolean): void {
    this.#askers = this.#askers.filter((asker) => asker !== userId)
    if (isApproved) this.#members = [...this.#members, userId]
  }

  remove(userId: string): void {
    this.#members = this.#members.filter((member) => member !== userId)
    if (this.admin === userId) this.admin = this.#members[0] ?? ''
  }

  membersAnswer(isOnline: (userId: string) => boolean, after = '0'): Extract<ServerMessage, { action: 'roomMembers' }> {
    const start = Number(after)
    const end = start + this.peoplePageSize
    const line = (status: 'approved' | 'pending') => (userId: string) => ({
      userId,
      status,
      isAdmin: userId === this.admin,
      online: isOnline(userId),
    })
    return {
      action: 'roomMembers',
      roomId: this.roomId,
      roomName: this.roomName,
      participants: [
        ...this.#members.slice(start, end).map(line('approved')),
        ...(start === 0 ? this.#askers.map(line('pending')) : []),
      ],
      voice: { enabled: true, transport: 'mesh', participants: [...this.voice].map(([userId, muted]) => ({ userId, muted })) },
      ...(end < this.#members.length ? { next: String(end) } : {}),
    }
  }

  historyAnswer({ before, after, limit = 50 }: GetHistory): Extract<ServerMessage, { action: 'history' }> {
    const size = Math.min(limit, this.pageSize)
    const { roomId } = this
    if (after !== undefined) {
      return { action: 'history', roomId, messages: this.messages.filter(({ messageId }) => messageId > after).slice(0, size) }
    }
    const earlier = this.messages.filter(({ messageId }) => before === undefined || messageId < before)
    const messages = earlier.slice(-size)
    const first = messages[0]
    return { action: 'history', roomId, messages, ...(first !== undefined && earlier.length > size ? { nextBefore: first.messageId } : {}) }
  }
}
