/** Voice over Kinesis Video's signaling, where one participant mixes for all the others. */

import { expect, test } from '@playwright/test'
import { OriginalClient } from './originalClient'
import { Person } from './person'
import { everybodyHearsTheOthers, Talker, talkersInARoom } from './voice'

test('host and guests hear each other and not themselves; the host leaves, and voice ends for all', async ({ browser }, { project }) => {
  const [ann, bob, cleo] = await threeAtAStar(talkersInARoom(browser, 3, project.use))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await cleo.join()
  await everybodyHearsTheOthers([ann, bob, cleo])

  // A guest learns from the host who speaks.
  await expect(bob.tile(cleo.name)).toHaveAttribute('data-speaking', 'true')
  await cleo.mute()
  await bob.expectToHear([ann])
  await expect(bob.tile(cleo.name)).toHaveAttribute('data-muted', 'true')
  await cleo.unmute()
  await bob.expectToHear([ann, cleo])

  // One voice softer, for one guest.
  await bob.tile(cleo.name).getByRole('button').click()
  await bob.page.getByRole('slider', { name: `How loud you hear ${cleo.name}` }).fill('0')
  await bob.expectToHear([ann])
  await ann.expectToHear([bob, cleo])

  await cleo.leave()
  await ann.expectToHear([bob])
  await cleo.join()
  await cleo.expectToHear([ann, bob])

  await ann.leave()
  // Two functions tell of it, and either may be the first.
  for (const guest of [bob, cleo]) await expect(guest.dock).toContainText(/Whoever hosted voice has left|Voice was ended for everybody/)
  await bob.expectToHear([])
  await Promise.all([ann, bob, cleo].map(({ person }) => person.leave()))
})

test('the host goes on in another tab: nobody is thrown out, and all hear each other from there', async ({ browser }, { project }) => {
  const [ann, bob, cleo] = await threeAtAStar(talkersInARoom(browser, 3, project.use))
  for (const talker of [ann, bob, cleo]) await talker.join()
  await everybodyHearsTheOthers([ann, bob, cleo])

  const again = new Talker(await Person.openTab(ann.person.context, ann.name), ann.tone)
  await again.person.signIn(`./#/r/${ann.person.roomId}`)
  await again.join()
  await expect(ann.dock).toContainText('You joined voice elsewhere')
  await everybodyHearsTheOthers([again, bob, cleo], 30_000)
  // The new page knows who they are.
  for (const { name } of [bob, cleo]) await expect(again.tile(name)).toHaveAttribute('data-link', 'connected')
  await expect(bob.tile(cleo.name)).toHaveAttribute('data-speaking', 'true')

  await again.leave()
  for (const guest of [bob, cleo]) await expect(guest.dock).toContainText(/Whoever hosted voice has left|Voice was ended for everybody/)
  await Promise.all([ann, bob, cleo].map(({ person }) => person.leave()))
})

test('whoever starts voice and leaves before it has begun leaves nothing behind', async ({ browser }, { project }) => {
  const [ann, bob, cleo] = await threeAtAStar(talkersInARoom(browser, 3, project.use))
  // Left on the way: browsers note a handshake that comes to nothing.
  ann.person.tolerates(/^WebSocket connection to '[^']+X-Amz-Signature[^']+' failed/)
  await ann.join()
  await ann.leave()
  await bob.join()
  await cleo.join()
  await everybodyHearsTheOthers([bob, cleo])
  await Promise.all([ann, bob, cleo].map(({ person }) => person.leave()))
})

test('the host loses the line to the server for a while: nobody notices, and newcomers find them', async ({ browser }, { project }) => {
  const [ann, bob, cleo] = await threeAtAStar(talkersInARoom(browser, 3, project.use))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await ann.person.line.cut()
  await ann.page.waitForTimeout(1_000)
  ann.person.line.heal()
  // Longer than a star outlives its host's line.
  await ann.page.waitForTimeout(13_000)
  await everybodyHearsTheOthers([ann, bob])
  await cleo.join()
  await everybodyHearsTheOthers([ann, bob, cleo])

  // A guest as well, who is the same person afterwards.
  await bob.person.line.cut()
  await expect(bob.dock).toContainText('The chat is reconnecting')
  bob.person.line.heal()
  await expect(bob.dock).not.toContainText('The chat is reconnecting')
  await everybodyHearsTheOthers([ann, bob, cleo])
  for (const { tile, dock } of [ann, cleo].map((talker) => ({ tile: talker.tile(bob.name), dock: talker.dock }))) {
    await expect(tile).toHaveAttribute('data-link', 'connected')
    await expect(dock).not.toContainText('another app')
  }
  await Promise.all([ann, bob, cleo].map(({ person }) => person.leave()))
})

test('a member with another app is heard, and all are told; so they are of one who has left the room', async ({ browser }, { project }) => {
  const [ann, bob, cleo] = await threeAtAStar(talkersInARoom(browser, 3, project.use))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  const dan = await OriginalClient.arrive(browser, 'Dan', 890, project.use)
  const { roomId } = ann.person
  await dan.ask({ action: 'joinRoom', subAction: 'request', roomId }, 'joinResponse')
  await ann.person.letIn(dan.talker.person)
  const { voice } = await dan.ask({ action: 'getMembers', roomId }, 'roomMembers')
  expect(await dan.lend(Object(voice)['voiceRoomId'])).toMatchObject({ role: 'VIEWER' })
  await dan.talk()
  await everybodyHearsTheOthers([ann, bob, dan.talker], 30_000)
  const warning = 'Somebody takes part through another app'
  for (const { dock } of [ann, bob]) await expect(dock).toContainText(warning)

  // What was lent ends with the membership. Who is on the channel already is not cut off, but nobody hears them in secret.
  expect(await dan.isLetIn('VIEWER'), 'a member is let in').toBe(true)
  await dan.ask({ action: 'leaveRoom', roomId }, 'roomLeft')
  expect(await dan.isLetIn('VIEWER'), 'an ex-member with old credentials is not').toBe(false)
  for (const { dock } of [ann, bob]) await expect(dock).toContainText(warning)
  await dan.talker.person.context.close()
  for (const { dock } of [ann, bob]) await expect(dock).not.toContainText(warning, { timeout: 30_000 })
  await everybodyHearsTheOthers([ann, bob])
  await Promise.all([ann, bob, cleo].map(({ person }) => person.leave()))
})

/** The same stage, as if it were set to the star. */
async function threeAtAStar(many: Promise<readonly Talker[]>): Promise<[Talker, Talker, Talker]> {
  const talkers = await many
  for (const { page, person } of talkers) {
    await person.context.route('**/config.json', async (route) => {
      const response = await route.fetch()
      const config: Record<string, unknown> = JSON.parse(await response.text())
      await route.fulfill({ response, json: { ...config, voice: { transport: 'kinesis' } } })
    })
    await page.reload()
    await expect(page.getByRole('heading', { name: 'Standup', level: 1 })).toBeVisible()
  }
  const [first, second, third] = talkers
  if (first === undefined || second === undefined || third === undefined) throw new Error('three were asked for')
  return [first, second, third]
}
