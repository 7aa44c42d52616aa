/** How a person likes their voice calls, kept by the browser. */

import { type Observable, Variable } from '../observable'
import { isFields } from '../transport/json'

export interface Preferences {
  /** Device ids; the system's choice for `undefined`. */
  readonly microphone: string | undefined
  readonly speaker: string | undefined
  /** The microphone is open only while a key or button is held. */
  readonly pushToTalk: boolean
  /** Tones when somebody comes or goes. */
  readonly tones: boolean
  /** How loud each person is, 0 to 1; 1 for those who are not in it. */
  readonly volumes: Readonly<Record<string, number>>
}

/** Where the text of the preferences is kept. */
export interface PreferenceShelf {
  read(): string | undefined
  write(text: string): void
}

const DEFAULTS: Preferences = { microphone: undefined, speaker: undefined, pushToTalk: false, tones: true, volumes: {} }

export class PreferenceStore {
  readonly #shelf: PreferenceShelf
  readonly #value: Variable<Preferences>

  constructor(shelf: PreferenceShelf) {
    this.#shelf = shelf
    this.#value = new Variable(parsePreferences(shelf.read()))
  }

  get value(): Observable<Preferences> {
    return this.#value
  }

  change(change: Partial<Preferences>): void {
    this.#value.update((value) => ({ ...value, ...change }))
    this.#shelf.write(JSON.stringify(this.#value.getSnapshot()))
  }
}

/** What cannot be read is as it is by default. */
export function parsePreferences(text: string | undefined): Preferences {
  const fields = fieldsOf(text)
  const { microphone, speaker, pushToTalk, tones, volumes } = fields
  return {
    microphone: typeof microphone === 'string' ? microphone : DEFAULTS.microphone,
    speaker: typeof speaker === 'string' ? speaker : DEFAULTS.speaker,
    pushToTalk: typeof pushToTalk === 'boolean' ? pushToTalk : DEFAULTS.pushToTalk,
    tones: typeof tones === 'boolean' ? tones : DEFAULTS.tones,
    volumes: isFields(volumes) ? Object.fromEntries(Object.entries(volumes).filter(isVolume)) : DEFAULTS.volumes,
  }
}

function fieldsOf(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return isFields(value) ? value : {}
  } catch {
    return {}
  }
}

function isVolume(entry: readonly [string, unknown]): entry is [string, number] {
  return typeof entry[1] === 'number' && entry[1] >= 0 && entry[1] <= 1
}
