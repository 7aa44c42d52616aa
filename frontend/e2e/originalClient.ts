/** People with the first browser client: the protocol's first part, and the published library as it signs by itself. */

import type { Browser, BrowserContextOptions } from '@playwright/test'
import { build } from 'vite'
import type { Frame } from './original'
import { Person } from './person'
import { hum, Talker } from './voice'

/** Built once a worker. */
let script: Promise<string> | undefined

async function built(): Promise<string> {
  const output = await build({
    logLevel: 'error',
    // As in every build for a page; one for a library keeps it.
    define: { 'process.env': '{}' },
    build: { write: false, lib: { entry: 'e2e/original.ts', formats: ['iife'], name: 'page' } },
  })
  const [bundle] = Array.isArray(output) ? output : []
  return bundle?.output[0].code ?? ''
}

/** Somebody with the first browser client; their page is `original.ts`. */
export class OriginalClient {
  readonly talker: Talker

  private constructor(talker: Talker) {
    this.talker = talker
  }

  static async arrive(browser: Browser, stem: string, tone: number, options: BrowserContextOptions): Promise<OriginalClient> {
    // Its own page: not under this site's policy, and the certificate of one machine is known to nobody.
    const person = await Person.arrive(browser, stem, { ...options, bypassCSP: true, ignoreHTTPSErrors: true })
    await hum(person.context, tone)
    const { page } = person
    await page.goto('./config.json')
    await page.addScriptTag({ content: await (script ??= built()) })
    await page.evaluate(async (name) => {
      const config: { webSocketUrl: string } = JSON.parse(document.body.innerText)
      await window.original.connect(config.webSocketUrl, name)
    }, person.name)
    return new OriginalClient(new Talker(person, tone))
  }

  async send(message: Frame): Promise<void> {
    await this.talker.page.evaluate((said) => window.original.send(said), message)
  }

  async next(action: string): Promise<Frame> {
    return await this.talker.page.evaluate(async (awaited) => await window.original.next(awaited), action)
  }

  async ask(message: Frame, action: string): Promise<Frame> {
    await this.send(message)
    return await this.next(action)
  }

  async lend(voiceRoomId: unknown): Promise<Frame> {
    return await this.ask({ action: 'getVoiceCredentials', voiceRoomId }, 'voiceCredentials')
  }

  async talk(): Promise<void> {
    await this.talker.page.evaluate(async () => await window.original.talk())
  }

  async isLetIn(role: 'MASTER' | 'VIEWER'): Promise<boolean> {
    return await this.talker.page.evaluate(async (as) => await window.original.isLetIn(as), role)
  }
}
