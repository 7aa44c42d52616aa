/** The whole application without its interface: configuration, signing in and out, which session runs. */

import { type Observable, Variable } from '../observable'
import { type Config, ConfigError, type ConfigFault, loadConfig } from '../transport/config'
import type { Environment } from '../transport/environment'
import type { ErrorCode } from '../transport/protocol.gen'
import type { SocketFactory } from '../transport/socket'
import type { VoiceParts } from '../voice/parts'
import { Memory } from './memory'
import type { Router } from './route'
import { Session } from './session'

/** Why the last attempt to sign in failed. */
export type SignInProblem =
  /** Somebody else is here under this name. */
  | { readonly kind: 'nameTaken'; readonly name: string }
  | { readonly kind: 'refused'; readonly name: string; readonly code: ErrorCode; readonly message: string }
  /** Somebody else took the name while this person was away; their rooms wait for the name to be free. */
  | { readonly kind: 'nameLost'; readonly name: string }
  /** The chat was opened elsewhere so often that this tab, the oldest, was ended. */
  | { readonly kind: 'displaced'; readonly name: string }
  /** The stored session is no longer taken; the name can be joined with afresh. */
  | { readonly kind: 'sessionEnded'; readonly name: string }

export type AppState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'broken'; readonly fault: ConfigFault; readonly message: string }
  | { readonly kind: 'signedOut'; readonly stage: string; readonly name: string; readonly problem: SignInProblem | undefined }
  | { readonly kind: 'signingIn'; readonly name: string; readonly session: Session }
  | { readonly kind: 'signedIn'; readonly stage: string; readonly session: Session }

export interface AppOptions {
  readonly fetcher: typeof fetch
  readonly environment: Environment
  readonly openSocket: SocketFactory
  readonly voice: VoiceParts
  readonly router: Router
  readonly browserStorage: Storage
  readonly tabStorage: Storage
}

interface Ready {
  readonly config: Config
  readonly memory: Memory
}

export class App {
  readonly #options: AppOptions
  readonly #state = new Variable<AppState>({ kind: 'loading' })
  #ready: Ready | undefined
  #session: { readonly session: Session; readonly unwatch: () => void } | undefined

  constructor(options: AppOptions) {
    this.#options = options
    options.router.route.subscribe(() => this.#rememberRoom())
  }

  get state(): Observable<AppState> {
    return this.#state
  }

  get router(): Router {
    return this.#options.router
  }

  /** Reads the configuration and resumes whoever was signed in in this tab. */
  async start(): Promise<void> {
    this.#state.set({ kind: 'loading' })
    try {
      const config = await loadConfig(this.#options.fetcher)
      const { browserStorage, tabStorage } = this.#options
      this.#ready = { config, memory: new Memory(config.stage, browserStorage, tabStorage) }
    } catch (error) {
      const fault = error instanceof ConfigError ? error.fault : 'unreachable'
      this.#state.set({ kind: 'broken', fault, message: String(error instanceof Error ? error.message : error) })
      return
    }
    this.#resume(this.#ready)
  }

  signIn(name: string): void {
    if (this.#ready === undefined) return
    const { config, memory } = this.#ready
    const { environment, openSocket, voice } = this.#options
    this.#end()
    const session = new Session({ config, name, memory: memory.of(name), environment, openSocket, voice })
    this.#session = { session, unwatch: session.connection.subscribe(() => this.#connectionChanged(name)) }
    this.#state.set({ kind: 'signingIn', name, session })
    session.start()
  }

  /** The page goes away: those in voice are told now rather than when the line is missed. */
  pageHidden(): void {
    this.#session?.session.voice.leave()
  }

  /** `forget` also gives up the name and its memberships on this device. */
  signOut(after: 'keep' | 'forget'): void {
    if (this.#ready === undefined) return
    const { memory } = this.#ready
    const name = memory.name
    this.#end()
    if (after === 'forget' && name !== undefined) memory.of(name).forget()
    memory.signOut()
    this.#options.router.go({ kind: 'home' })
    this.#signedOut(after === 'forget' ? '' : (name ?? ''), undefined)
  }

  #resume({ memory }: Ready): void {
    const { router } = this.#options
    const { name, openRoom } = memory
    if (name === undefined) {
      this.#signedOut(memory.lastName ?? '', undefined)
      return
    }
    if (openRoom !== undefined && router.route.getSnapshot().kind === 'home') router.go({ kind: 'room', roomId: openRoom })
    this.signIn(name)
  }

  #connectionChanged(name: string): void {
    const held = this.#session
    if (held === undefined || this.#ready === undefined) return
    const connection = held.session.connection.getSnapshot()
    if (connection.kind === 'online') this.#welcomed(name, held.session)
    if (connection.kind === 'refused') this.#refused(name, connection.code, connection.message)
    if (connection.kind === 'displaced') this.#turnOut(name, { kind: 'displaced', name })
  }

  #welcomed(name: string, session: Session): void {
    if (this.#state.getSnapshot().kind !== 'signingIn' || this.#ready === undefined) return
    this.#ready.memory.signIn(name)
    this.#state.set({ kind: 'signedIn', stage: this.#ready.config.stage, session })
    this.#rememberRoom()
  }

  #refused(name: string, code: ErrorCode, message: string): void {
    if (this.#ready === undefined) return
    const person = this.#ready.memory.of(name)
    const hadToken = person.token !== undefined
    if (code === 'unauthorized' && hadToken) {
      person.forget()
      this.#turnOut(name, { kind: 'sessionEnded', name })
    } else if (code === 'conflict') {
      this.#turnOut(name, { kind: hadToken ? 'nameLost' : 'nameTaken', name })
    } else {
      this.#turnOut(name, { kind: 'refused', name, code, message })
    }
  }

  /** Back to the form, with the reason. */
  #turnOut(name: string, problem: SignInProblem): void {
    this.#end()
    this.#ready?.memory.signOut()
    this.#signedOut(name, problem)
  }

  #signedOut(name: string, problem: SignInProblem | undefined): void {
    if (this.#ready !== undefined) this.#state.set({ kind: 'signedOut', stage: this.#ready.config.stage, name, problem })
  }

  #rememberRoom(): void {
    if (this.#state.getSnapshot().kind !== 'signedIn' || this.#ready === undefined) return
    const route = this.#options.router.route.getSnapshot()
    this.#ready.memory.openRoom = route.kind === 'room' ? route.roomId : undefined
  }

  #end(): void {
    this.#session?.unwatch()
    this.#session?.session.stop()
    this.#session = undefined
  }
}
