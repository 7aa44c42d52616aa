/** People signed in and in one room of a server in memory, who talk over a network in memory. */

import { FakeEnvironment, settle } from '../../transport/fakes/environment'
import { FakeServer } from '../../transport/fakes/server'
import type { Call } from '../../voice/call'
import { FakeNetwork } from '../../voice/fakes/network'
import { type FakeVoice, fakeVoice } from '../../voice/fakes/parts'
import { Memory } from '../memory'
import { Session } from '../session'

const CONFIG = { stage: 'local', region: 'us-east-1', webSocketUrl: 'ws://test/local', voice: { transport: 'mesh' } } as const
export const ROOM = 'k3v9x0q2m7ab'

export class Talker {
  readonly name: string
  readonly session: Session
  readonly parts: FakeVoice

  constructor(name: string, session: Session, parts: FakeVoice) {
    this.name = name
    this.session = session
    this.parts = parts
  }

  get heard(): string[] {
    return [...this.parts.sound.playing.keys()].toSorted()
  }

  get call(): Call {
    const state = this.session.voice.state.getSnapshot()
    if (state.kind !== 'on') throw new Error(`${this.name}'s voice is ${state.kind}`)
    return state.call
  }

  get links(): Record<string, string> {
    return Object.fromEntries([...this.call.links.getSnapshot()].map(([userId, { state }]) => [userId, state.kind]))
  }

  /** Who this person sees in voice. */
  get seen(): string[] {
    const room = this.session.state.getSnapshot().rooms.get(ROOM)
    return room?.kind === 'member' ? room.voice.people.map(({ userId, muted }) => userId + (muted ? ' (muted)' : '')) : []
  }
}

export interface Company {
  readonly environment: FakeEnvironment
  readonly server: FakeServer
  readonly network: FakeNetwork
  /** The first one's room with all of them in it. */
  readonly arrive: (...names: readonly string[]) => Promise<Talker[]>
  /** One who only looks. */
  readonly lookOn: (name: string) => Promise<Talker[]>
  /** They join voice, one after the other. */
  readonly talk: (...talkers: readonly Talker[]) => Promise<void>
}

export function company(): Company {
  localStorage.clear()
  sessionStorage.clear()
  const environment = new FakeEnvironment()
  const server = new FakeServer(environment)
  const network = new FakeNetwork()
  const enter = async (names: readonly string[]): Promise<Talker[]> => {
    const talkers = names.map((name) => {
      const parts = fakeVoice(network)
      const memory = new Memory(CONFIG.stage, localStorage, sessionStorage).of(name)
      return new Talker(name, new Session({ config: CONFIG, name, memory, environment, openSocket: server.openSocket, voice: parts }), parts)
    })
    for (const { session } of talkers) session.start()
    await settle()
    return talkers
  }
  return {
    environment,
    server,
    network,
    arrive: async (...names) => {
      const [admin = '', ...members] = names
      server.addRoom(ROOM, 'Team', admin, members)
      return await enter(names)
    },
    lookOn: async (name) => await enter([name]),
    talk: async (...talkers) => {
      for (const { session } of talkers) {
        await session.voice.join(ROOM)
        await environment.pass(500)
      }
    },
  }
}

export function pair(talkers: readonly Talker[]): [Talker, Talker] {
  const [first, second] = talkers
  if (first === undefined || second === undefined) throw new Error('two were asked for')
  return [first, second]
}
