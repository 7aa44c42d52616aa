/** Light or dark: the system's choice until a person makes their own, which this browser keeps. */

import { type Observable, Variable } from '../observable'

export type ThemeName = 'light' | 'dark'

const KEY = 'chatctl:theme'

export class Theme {
  readonly #window: Window
  readonly #system: MediaQueryList
  readonly #name: Variable<ThemeName>
  #chosen: ThemeName | undefined

  constructor(window: Window) {
    this.#window = window
    this.#system = window.matchMedia('(prefers-color-scheme: dark)')
    this.#chosen = readChoice(window)
    this.#name = new Variable(this.#effective())
    this.#system.addEventListener('change', () => this.#name.set(this.#effective()))
    this.#apply()
  }

  get name(): Observable<ThemeName> {
    return this.#name
  }

  readonly toggle = (): void => {
    this.#chosen = this.#name.getSnapshot() === 'dark' ? 'light' : 'dark'
    try {
      this.#window.localStorage.setItem(KEY, this.#chosen)
    } catch {
      // Storage is full or forbidden: the choice holds until the page ends.
    }
    this.#apply()
    this.#name.set(this.#chosen)
  }

  #effective(): ThemeName {
    return this.#chosen ?? (this.#system.matches ? 'dark' : 'light')
  }

  #apply(): void {
    const { documentElement } = this.#window.document
    if (this.#chosen !== undefined) documentElement.dataset['theme'] = this.#chosen
  }
}

function readChoice(window: Window): ThemeName | undefined {
  try {
    const stored = window.localStorage.getItem(KEY)
    return stored === 'light' || stored === 'dark' ? stored : undefined
  } catch {
    return undefined
  }
}
