/**
 * What this browser remembers. The tab (sessionStorage): who is signed in here, the open room, unsent
 * messages, open requests to join. The browser (localStorage): session tokens, read marks and how voice is
 * liked, by stage and name. Storage that is full or forbidden costs memory, never function.
 */

import { isFields } from '../transport/json'
import type { OutboxEntry, OutboxStorage } from '../transport/outbox'
import type { PreferenceShelf } from '../voice/preferences'

type Kept = Record<string, string>

/** A browser's storage, or one that lasts as long as the page where the browser forbids its own. */
export function storageOf(open: () => Storage): Storage {
  try {
    return open()
  } catch {
    return new PageStorage()
  }
}

class PageStorage implements Storage {
  readonly #items = new Map<string, string>()

  get length(): number {
    return this.#items.size
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value)
  }

  removeItem(key: string): void {
    this.#items.delete(key)
  }

  clear(): void {
    this.#items.clear()
  }
}

export class Memory {
  readonly #prefix: string
  readonly #browser: Storage
  readonly #tab: Storage

  constructor(stage: string, browser: Storage, tab: Storage) {
    this.#prefix = `chatctl:${stage}:`
    this.#browser = browser
    this.#tab = tab
  }

  /** Who is signed in in this tab. */
  get name(): string | undefined {
    return this.#read(this.#tab, 'name')
  }

  /** Who was signed in last in this browser. */
  get lastName(): string | undefined {
    return this.#read(this.#browser, 'lastName')
  }

  signIn(name: string): void {
    this.#write(this.#tab, 'name', name)
    this.#write(this.#browser, 'lastName', name)
  }

  signOut(): void {
    for (const key of ['name', 'room']) this.#write(this.#tab, key, undefined)
  }

  get openRoom(): string | undefined {
    return this.#read(this.#tab, 'room')
  }

  set openRoom(roomId: string | undefined) {
    this.#write(this.#tab, 'room', roomId)
  }

  of(name: string): PersonMemory {
    // Two spellings that differ in case are one name to the server.
    const key = name.toLowerCase()
    const read = (storage: Storage, field: string): string | undefined => this.#read(storage, `${field}:${key}`)
    const write = (storage: Storage, field: string, value: string | undefined): void =>
      this.#write(storage, `${field}:${key}`, value)
    return new PersonMemory(
      { read: (field) => read(this.#browser, field), write: (field, value) => write(this.#browser, field, value) },
      { read: (field) => read(this.#tab, field), write: (field, value) => write(this.#tab, field, value) },
    )
  }

  #read(storage: Storage, key: string): string | undefined {
    try {
      return storage.getItem(this.#prefix + key) ?? undefined
    } catch {
      return undefined
    }
  }

  #write(storage: Storage, key: string, value: string | undefined): void {
    try {
      if (value === undefined) storage.removeItem(this.#prefix + key)
      else storage.setItem(this.#prefix + key, value)
    } catch {
      // Full or forbidden; see the head of this file.
    }
  }
}

interface Shelf {
  read(field: string): string | undefined
  write(field: string, value: string | undefined): void
}

/** The memory of one name on one stage. */
export class PersonMemory {
  readonly #browser: Shelf
  readonly #tab: Shelf

  constructor(browser: Shelf, tab: Shelf) {
    this.#browser = browser
    this.#tab = tab
  }

  get token(): string | undefined {
    return this.#browser.read('token')
  }

  set token(token: string | undefined) {
    this.#browser.write('token', token)
  }

  /** The last message read in each room. */
  get seen(): Readonly<Kept> {
    return parseKept(this.#browser.read('seen'))
  }

  setSeen(roomId: string, messageId: string): void {
    this.#browser.write('seen', JSON.stringify({ ...this.seen, [roomId]: messageId }))
  }

  /** Rooms whose admin has not answered yet. */
  get asked(): readonly string[] {
    return Object.keys(parseKept(this.#tab.read('asked')))
  }

  set asked(roomIds: readonly string[]) {
    this.#tab.write('asked', JSON.stringify(Object.fromEntries(roomIds.map((roomId) => [roomId, '']))))
  }

  readonly outbox: OutboxStorage = {
    load: () => parseEntries(this.#tab.read('outbox')),
    save: (entries) => this.#tab.write('outbox', entries.length === 0 ? undefined : JSON.stringify(entries)),
  }

  readonly voice: PreferenceShelf = {
    read: () => this.#browser.read('voice'),
    write: (text) => this.#browser.write('voice', text),
  }

  forget(): void {
    for (const field of ['token', 'seen', 'voice']) this.#browser.write(field, undefined)
    for (const field of ['asked', 'outbox']) this.#tab.write(field, undefined)
  }
}

function parseKept(text: string | undefined): Kept {
  const value = parse(text)
  if (!isFields(value)) return {}
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function parseEntries(text: string | undefined): readonly OutboxEntry[] {
  const value = parse(text)
  return Array.isArray(value) ? value.filter(isEntry) : []
}

function isEntry(value: unknown): value is OutboxEntry {
  if (!isFields(value)) return false
  const { clientMessageId, roomId, text, createdAt, status } = value
  return (
    [clientMessageId, roomId, text].every((field) => typeof field === 'string') &&
    typeof createdAt === 'number' &&
    isFields(status) &&
    typeof status['kind'] === 'string'
  )
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
