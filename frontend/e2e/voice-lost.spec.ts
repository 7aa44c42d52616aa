/** Voice when things break: a tab dies, a network goes and comes back, a reload. */

import { expect, test } from '@playwright/test'
import { Relay } from './relay'
import { everybodyHearsTheOthers, type Talker, talkersInARoom } from './voice'

let relay: Relay

test.beforeAll(async () => {
  relay = await Relay.start()
})

test.afterAll(async () => {
  await relay.stop()
})

test('a tab is killed: the others are told, and go on', async ({ browser }, { project }) => {
  const [ann, bob, cleo] = await three(talkersInARoom(browser, 3, project.use))
  for (const talker of [ann, bob, cleo]) await talker.join()
  await everybodyHearsTheOthers([ann, bob, cleo])
  const crash = await bob.page.context().newCDPSession(bob.page)
  crash.send('Page.crash').catch(() => undefined)
  await ann.expectToHear([cleo])
  await expect(ann.tile(bob.name)).toHaveCount(0, { timeout: 30_000 })
  await expect(ann.tile(cleo.name)).toHaveAttribute('data-link', 'connected')
  await cleo.expectToHear([ann])
  await Promise.all([ann.person.leave(), cleo.person.leave()])
})

test('a reload is a new page at the other end, which joins again', async ({ browser }, { project }) => {
  const [ann, bob] = await three(talkersInARoom(browser, 3, project.use))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await bob.page.reload()
  await expect(bob.dock).toContainText(`${ann.name} is talking`)
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

test('the chat’s line is lost: the audio goes on, and the place in voice comes back with the line', async ({ browser }, { project }) => {
  const [ann, bob] = await three(talkersInARoom(browser, 3, project.use))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await bob.mute()
  await bob.person.line.cut()
  await expect(bob.dock).toContainText('The chat is reconnecting')
  await bob.expectToHear([ann])
  bob.person.line.heal()
  await expect(bob.dock).not.toContainText('The chat is reconnecting', { timeout: 15_000 })
  await expect(ann.tile(bob.name)).toHaveAttribute('data-muted', 'true')
  await bob.unmute()
  await everybodyHearsTheOthers([ann, bob])
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

test('the whole network is gone for ten seconds and comes back', async ({ browser }, { project }) => {
  const way = await relay.way()
  const [ann, bob] = await three(talkersInARoom(browser, 3, project.use, [(await relay.way()).ice(), way.ice()]))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await bob.person.line.cut()
  way.cut()
  await ann.expectToHear([])
  await expect(ann.tile(bob.name)).toHaveAttribute('data-link', 'interrupted')
  await bob.page.waitForTimeout(10_000)
  way.heal()
  bob.person.line.heal()
  await everybodyHearsTheOthers([ann, bob], 25_000)
  await expect(ann.tile(bob.name)).toHaveAttribute('data-link', 'connected')
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

test('wrong relay credentials are told within ten seconds, and with right ones it goes on', async ({ browser }, { project }) => {
  const ways = [await relay.way(), await relay.way()] as const
  const [ann, bob] = await three(talkersInARoom(browser, 3, project.use, [ways[0].ice(), ways[1].ice('wrong')]))
  await ann.join()
  await bob.join()
  await expect(bob.dock.getByRole('alert')).toContainText('the relay server refused this call’s credentials', { timeout: 11_000 })
  await expect(ann.dock.getByRole('alert')).toContainText('No audio with')
  await bob.page.evaluate(() => {
    for (const server of window.ice.iceServers ?? []) server.credential = 'right'
  })
  await bob.dock.getByRole('button', { name: 'Try again' }).click()
  await everybodyHearsTheOthers([ann, bob], 15_000)
  await expect(bob.dock.getByRole('alert')).toHaveCount(0)
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

async function three(many: Promise<readonly Talker[]>): Promise<[Talker, Talker, Talker]> {
  const [first, second, third] = await many
  if (first === undefined || second === undefined || third === undefined) throw new Error('three were asked for')
  return [first, second, third]
}
