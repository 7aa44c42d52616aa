/** Where the person is, held in the address's fragment, so that a room's link is its address. */

import { type Observable, Variable } from '../observable'

export type Route =
  | { readonly kind: 'home' }
  | { readonly kind: 'room'; readonly roomId: string }
  /** A link to a room whose id cannot be one. */
  | { readonly kind: 'lost'; readonly text: string }

const ROOM_ID = /^[0-9a-z]{12}$/

export function parseRoute(hash: string): Route {
  const text = /^#\/r\/(.+)$/s.exec(hash)?.[1]
  if (text === undefined) return { kind: 'home' }
  const roomId = text.toLowerCase()
  return ROOM_ID.test(roomId) ? { kind: 'room', roomId } : { kind: 'lost', text }
}

export function formatRoute(route: Route): string {
  switch (route.kind) {
    case 'home':
      return '#/'
    case 'room':
      return `#/r/${route.roomId}`
    case 'lost':
      return `#/r/${route.text}`
  }
}

/** A room's id in what a person pasted: the id itself or a link to the room. */
export function parseRoomReference(text: string): string | undefined {
  const candidate = text.trim().replace(/^.*#\/r\//s, '').toLowerCase()
  return ROOM_ID.test(candidate) ? candidate : undefined
}

/** The route of a window, until the page ends. */
export class Router {
  readonly #window: Window
  readonly #route: Variable<Route>

  constructor(window: Window) {
    this.#window = window
    this.#route = new Variable(parseRoute(window.location.hash))
    window.addEventListener('hashchange', () => this.#route.set(parseRoute(window.location.hash)))
  }

  get route(): Observable<Route> {
    return this.#route
  }

  go(route: Route): void {
    if (formatRoute(this.#route.getSnapshot()) === formatRoute(route)) return
    this.#window.location.hash = formatRoute(route)
    this.#route.set(route)
  }

  /** The link to a room, for others. */
  linkTo(roomId: string): string {
    const { origin, pathname } = this.#window.location
    return `${origin}${pathname}${formatRoute({ kind: 'room', roomId })}`
  }
}
