/** The one place that touches `WebSocket`. */

export interface SocketEvents {
  opened(): void
  received(text: string): void
  /** Once, whether the socket ever opened or not. */
  closed(code: number): void
}

export interface Socket {
  send(text: string): void
  /** Closes without a `closed` event: the owner has already moved on. */
  abandon(): void
}

export type SocketFactory = (url: string, events: SocketEvents) => Socket

export const browserSocket: SocketFactory = (url, events) => {
  const socket = new WebSocket(url)
  let abandoned = false
  socket.addEventListener('open', () => {
    if (!abandoned) events.opened()
  })
  socket.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (!abandoned && typeof event.data === 'string') events.received(event.data)
  })
  socket.addEventListener('close', (event) => {
    if (!abandoned) events.closed(event.code)
  })
  return {
    send: (text) => {
      // A closing socket swallows what is sent; its `close` event is on the way and says so.
      if (socket.readyState === WebSocket.OPEN) socket.send(text)
    },
    abandon: () => {
      abandoned = true
      socket.close(1000)
    },
  }
}
