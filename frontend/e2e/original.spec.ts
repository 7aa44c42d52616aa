/** The first browser client: the protocol's first part, and the published library as it signs by itself. */

import { type Browser, type BrowserContextOptions, expect, test } from '@playwright/test'
import { build } from 'vite'
import type { Frame } from './original'
import { Person } from './person'
import { everybodyHearsTheOthers, hum, Talker } from './voice'

let script: string

test.beforeAll(async () => {
  const built = await build({
    logLevel: 'error',
    // As in every build for a page; one for a library keeps it.
    define: { 'process.env': '{}' },
    build: { write: false, lib: { entry: 'e2e/original.ts', formats: ['iife'], name: 'page' } },
  })
  const [output] = Array.isArray(built) ? built : []
  script = output?.output[0].code ?? ''
})

test('a master and three viewers talk; the master leaves, and voice ends for all', async ({ browser }, { project }) => {
  test.setTimeout(120_000)
  const everybody: Client[] = []
  for (const [index, stem] of ['Ann', 'Bob', 'Cleo', 'Dan'].entries()) everybody.push(await Client.arrive(browser, stem, [430, 560, 710, 890][index] ?? 0, project.use))
  const [ann, ...guests] = everybody
  if (ann === undefined) throw new Error('somebody is first')

  const { roomId } = await ann.ask({ action: 'createRoom', roomName: 'Original' }, 'roomCreated')
  for (const guest of guests) {
    await guest.ask({ action: 'joinRoom', subAction: 'request', roomId }, 'joinResponse')
    await ann.next('joinRequest')
    await ann.send({ action: 'joinRoom', subAction: 'approve', roomId, targetUserId: guest.talker.name })
    expect(await guest.next('joinResponse')).toMatchObject({ roomId, status: 'approved' })
  }
  const { voiceRoomId } = await ann.ask({ action: 'createVoiceRoom', roomId }, 'voiceRoomCreated')
  for (const guest of guests) expect(await guest.next('voiceRoomAvailable')).toMatchObject({ voiceRoomId, roomId, masterUserId: ann.talker.name })

  expect(await ann.lend(voiceRoomId)).toMatchObject({ role: 'MASTER' })
  await ann.talk()
  for (const [index, guest] of guests.entries()) {
    expect(await guest.lend(voiceRoomId)).toMatchObject({ role: 'VIEWER' })
    expect(await guest.isLetIn('MASTER'), 'a viewer is not let in as the master').toBe(false)
    await guest.talk()
    await everybodyHearsTheOthers(everybody.slice(0, index + 2).map(({ talker }) => talker), 30_000)
  }

  await ann.talker.person.context.close()
  for (const guest of guests) {
    expect(await guest.next('voiceRoomEnded')).toMatchObject({ voiceRoomId })
    await guest.talker.expectToHear([], 30_000)
    expect(await guest.isLetIn('VIEWER'), 'the channel is gone').toBe(false)
  }
  for (const { talker } of guests) await talker.person.context.close()
})

class Client {
  readonly talker: Talker

  private constructor(talker: Talker) {
    this.talker = talker
  }

  static async arrive(browser: Browser, stem: string, tone: number, options: BrowserContextOptions): Promise<Client> {
    // Its own page: not under this site's policy, and the certificate of one machine is known to nobody.
    const person = await Person.arrive(browser, stem, { ...options, bypassCSP: true, ignoreHTTPSErrors: true })
    await hum(person.context, tone)
    const { page } = person
    await page.goto('./config.json')
    await page.addScriptTag({ content: script })
    await page.evaluate(async (name) => {
      const config: { webSocketUrl: string } = JSON.parse(document.body.innerText)
      await window.original.connect(config.webSocketUrl, name)
    }, person.name)
    return new Client(new Talker(person, tone))
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
