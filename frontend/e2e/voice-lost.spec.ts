/** Voice when things break: a tab dies, a network goes and comes back, a reload. */

import { expect, test } from '@playwright/test'
import { everybodyHearsTheOthers, type Talker, talkersInARoom } from './voice'

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
  const [ann, bob] = await three(talkersInARoom(browser, 3, project.use))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  const media = await bob.page.context().newCDPSession(bob.page)
  const lose = async (packetLoss: number): Promise<unknown> =>
    await media.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1, packetLoss })
  await bob.person.line.cut()
  await lose(100)
  await ann.expectToHear([])
  await bob.expectToHear([])
  await expect(ann.tile(bob.name)).toHaveAttribute('data-link', 'interrupted')
  await bob.page.waitForTimeout(10_000)
  await lose(0)
  bob.person.line.heal()
  await everybodyHearsTheOthers([ann, bob], 25_000)
  await expect(ann.tile(bob.name)).toHaveAttribute('data-link', 'connected')
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

async function three(many: Promise<readonly Talker[]>): Promise<[Talker, Talker, Talker]> {
  const [first, second, third] = await many
  if (first === undefined || second === undefined || third === undefined) throw new Error('three were asked for')
  return [first, second, third]
}
