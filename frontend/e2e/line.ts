/**
 * The page's WebSocket, led through the test so that it can be cut: a browser that is set offline keeps
 * the sockets that are open.
 */

import type { Page, WebSocketRoute } from '@playwright/test'

type Frame = Readonly<Record<string, unknown>>

export class Line {
  #isCut = false
  #page: WebSocketRoute | undefined
  #server: WebSocketRoute | undefined
  #watchers: ((frame: Frame) => void)[] = []
  #drops: (frame: Frame) => boolean = () => false

  static async under(page: Page): Promise<Line> {
    const line = new Line()
    await page.routeWebSocket(/\/\/.*userId=/, (socket) => line.#opened(socket))
    return line
  }

  /** Cuts the open socket and lets none through until `heal`. */
  async cut(): Promise<void> {
    this.#isCut = true
    await this.#server?.close()
    await this.#page?.close({ code: 4000 })
  }

  heal(): void {
    this.#isCut = false
  }

  /** Sends a frame over the page's own socket and gives the answer with the same request id. */
  async ask(frame: Frame): Promise<Frame> {
    const requestId = `test-${Math.random()}`
    const answer = new Promise<Frame>((resolve) => {
      this.#watchers.push((received) => {
        if (received['requestId'] === requestId) resolve(received)
      })
    })
    this.#server?.send(JSON.stringify({ ...frame, requestId }))
    return await answer
  }

  /** Keeps frames from the server away from the page. */
  drop(drops: (frame: Frame) => boolean): void {
    this.#drops = drops
  }

  #opened(socket: WebSocketRoute): void {
    if (this.#isCut) {
      void socket.close({ code: 4000 })
      return
    }
    const server = socket.connectToServer()
    this.#page = socket
    this.#server = server
    server.onMessage((message) => {
      const frame: Frame = JSON.parse(message.toString())
      for (const watch of this.#watchers) watch(frame)
      if (!this.#drops(frame)) socket.send(message)
    })
  }
}
