/**
 * A TURN server (coturn) on this machine, and a way to it for each person that can be cut: where audio may only
 * go through the relay, a way that is cut is a network that is gone.
 */

import { spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ice } from './voice'

const USER = 'talker'
const HOST = '127.0.0.1'

export class Relay {
  readonly #port: number
  readonly #stop: () => Promise<void>
  readonly #ways: Way[] = []

  private constructor(port: number, stop: () => Promise<void>) {
    this.#port = port
    this.#stop = stop
  }

  static async start(): Promise<Relay> {
    const folder = await mkdtemp(join(tmpdir(), 'turn-'))
    const port = await freePort()
    const settings = [
      `listening-ip=${HOST}`,
      `relay-ip=${HOST}`,
      `listening-port=${port}`,
      'fingerprint',
      'realm=chatctl.test',
      'lt-cred-mech',
      `user=${USER}:right`,
      'allow-loopback-peers',
      'no-cli',
      'no-tls',
      'no-dtls',
      'no-multicast-peers',
      `pidfile=${join(folder, 'pid')}`,
      `userdb=${join(folder, 'users')}`,
      'log-file=stdout',
    ]
    const file = join(folder, 'turnserver.conf')
    await writeFile(file, settings.join('\n'))
    const server = spawn('turnserver', ['-c', file], { stdio: 'ignore' })
    const ended = new Promise<void>((resolve) => {
      server.once('close', () => resolve())
      server.once('error', () => resolve())
    })
    return new Relay(port, async () => {
      server.kill()
      await ended
      await rm(folder, { recursive: true })
    })
  }

  /** Another person's way to the relay. */
  async way(): Promise<Way> {
    const way = await Way.open(this.#port)
    this.#ways.push(way)
    return way
  }

  async stop(): Promise<void> {
    for (const way of this.#ways) way.close()
    await this.#stop()
  }
}

export class Way {
  /** Datagrams from the browser, each of its sockets with one of its own towards the relay. */
  readonly #front: Socket
  readonly #backs = new Map<number, Socket>()
  #isCut = false

  private constructor(front: Socket, port: number) {
    this.#front = front
    front.on('message', (datagram, { port: from }) => {
      if (!this.#isCut) this.#back(from).send(datagram, port, HOST)
    })
  }

  static async open(port: number): Promise<Way> {
    const front = createSocket('udp4')
    await new Promise<void>((resolve) => {
      front.bind(0, HOST, resolve)
    })
    return new Way(front, port)
  }

  /** Only through the relay, with a password. */
  ice(credential = 'right'): Ice {
    const urls = [`turn:${HOST}:${this.#front.address().port}?transport=udp`]
    return { iceServers: [{ urls, username: USER, credential }], iceTransportPolicy: 'relay' }
  }

  cut(): void {
    this.#isCut = true
  }

  heal(): void {
    this.#isCut = false
  }

  close(): void {
    this.#front.close()
    for (const back of this.#backs.values()) back.close()
  }

  #back(from: number): Socket {
    const held = this.#backs.get(from)
    if (held !== undefined) return held
    const back = createSocket('udp4')
    back.on('message', (datagram) => {
      if (!this.#isCut) this.#front.send(datagram, from, HOST)
    })
    this.#backs.set(from, back)
    return back
  }
}

async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, HOST, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
