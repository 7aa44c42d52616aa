/** A person at a browser of their own, and what they do with the page. */

import { type Browser, type BrowserContext, type BrowserContextOptions, expect, type Locator, type Page } from '@playwright/test'
import { Line } from './line'

export class Person {
  readonly name: string
  readonly page: Page
  readonly context: BrowserContext
  /** The way between this page and the server. */
  readonly line: Line
  /** What the browser complained of: errors of the page, breaches of its policy. */
  readonly #complaints: string[] = []
  /** What it may well complain of. */
  #tolerated: RegExp | undefined

  private constructor(name: string, context: BrowserContext, page: Page, line: Line) {
    this.name = name
    this.context = context
    this.page = page
    this.line = line
    page.on('pageerror', (error) => this.#complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') this.#complaints.push(message.text())
    })
  }

  /** Names are held while their owner lives, and stages outlive tests: each test uses fresh ones. */
  static freshName(stem: string): string {
    return `${stem} ${Math.random().toString(36).slice(2, 8)}`
  }

  static async arrive(browser: Browser, stem: string, options: BrowserContextOptions = {}): Promise<Person> {
    const context = await browser.newContext(options)
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    return await Person.openTab(context, Person.freshName(stem))
  }

  static async openTab(context: BrowserContext, name: string): Promise<Person> {
    const page = await context.newPage()
    return new Person(name, context, page, await Line.under(page))
  }

  async signIn(path = './'): Promise<void> {
    await this.page.goto(path)
    await this.page.getByLabel('Your name').fill(this.name)
    await this.page.getByRole('button', { name: 'Continue' }).click()
    await expect(this.page.getByRole('main')).toBeVisible()
  }

  /** Gives the room's id. */
  async createRoom(roomName: string): Promise<string> {
    await this.page.getByLabel('Room name').fill(roomName)
    await this.page.getByRole('button', { name: 'Open room' }).click()
    await expect(this.page.getByRole('heading', { name: roomName, level: 1 })).toBeVisible()
    return this.roomId
  }

  get roomId(): string {
    return /#\/r\/([0-9a-z]{12})$/.exec(this.page.url())?.[1] ?? ''
  }

  async askToJoin(): Promise<void> {
    await this.page.getByRole('button', { name: 'Ask to join' }).click()
    await expect(this.page.getByRole('heading', { name: 'Waiting to be let in' })).toBeVisible()
  }

  async letIn(other: Person): Promise<void> {
    const notice = this.page.getByRole('region', { name: 'Notices' }).filter({ hasText: `${other.name} asks to join` })
    await notice.getByRole('button', { name: 'Let in' }).click()
    await expect(notice).toBeHidden()
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text)
    await this.composer.press('Enter')
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^Message to/ })
  }

  get log(): Locator {
    return this.page.getByRole('log')
  }

  /** One message, by its whole text. */
  message(text: string): Locator {
    return this.log.locator('[data-delivery]').filter({ has: this.page.getByText(text, { exact: true }) })
  }

  /** The texts in the conversation, in order, of those asked for. */
  async order(texts: readonly string[]): Promise<string[]> {
    const shown = await this.log.locator('[data-delivery]').allTextContents()
    return shown.flatMap((line) => texts.filter((text) => line.startsWith(text)))
  }

  /** The list of people, opened where it is not. */
  async people(): Promise<Locator> {
    const panel = this.page.getByRole('complementary', { name: 'People' })
    const toggle = this.page.getByRole('button', { name: 'People', exact: true })
    await expect(toggle.or(panel).first()).toBeVisible()
    if (!(await panel.isVisible())) await toggle.click()
    await expect(panel).toBeVisible()
    return panel
  }

  tolerates(complaint: RegExp): void {
    this.#tolerated = complaint
  }

  async leave(): Promise<void> {
    const complaints = this.#complaints.filter((complaint) => this.#tolerated?.test(complaint) !== true)
    expect(complaints, `${this.name}'s browser complains of nothing`).toEqual([])
    await this.context.close()
  }
}

/** Two people in one room that the first one opened. */
export async function twoInARoom(browser: Browser, roomName: string, options: BrowserContextOptions = {}): Promise<{ alice: Person; bob: Person; roomId: string }> {
  const alice = await Person.arrive(browser, 'Alice', options)
  const bob = await Person.arrive(browser, 'Bob', options)
  await alice.signIn()
  const roomId = await alice.createRoom(roomName)
  await bob.signIn(`./#/r/${roomId}`)
  await bob.askToJoin()
  await alice.letIn(bob)
  await expect(bob.page.getByRole('heading', { name: roomName, level: 1 })).toBeVisible()
  return { alice, bob, roomId }
}
