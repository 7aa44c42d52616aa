import { expect, test } from '@playwright/test'
import { Person, twoInARoom } from './person'

test('somebody outside the room can neither write nor read in it', async ({ browser }, { project }) => {
  const { alice, bob, roomId } = await twoInARoom(browser, 'Private', project.use)
  await alice.say('for us alone')
  const mallory = await Person.arrive(browser, 'Mallory', project.use)
  await mallory.signIn()
  await expect(mallory.page.getByRole('heading', { name: `Hello, ${mallory.name}` })).toBeVisible()
  for (const frame of [
    { action: 'sendMessage', roomId, message: 'intruding' },
    { action: 'getHistory', roomId },
    { action: 'joinRoom', subAction: 'approve', roomId, targetUserId: mallory.name },
  ]) {
    expect(await mallory.line.ask(frame), JSON.stringify(frame)).toMatchObject({ action: 'error', code: 'forbidden' })
  }
  // What the outsider's frames could have caused would be here before this.
  await bob.say('still alone')
  await expect(alice.message('still alone')).toBeVisible()
  await expect(alice.message('intruding')).toHaveCount(0)
  await Promise.all([alice.leave(), bob.leave(), mallory.leave()])
})

test('a page that does not know that its owner has left is refused in words', async ({ browser }, { project }) => {
  const { alice, bob } = await twoInARoom(browser, 'Stale', project.use)
  const otherTab = await Person.openTab(bob.context, bob.name)
  await otherTab.signIn(bob.page.url())
  bob.line.drop(({ action }) => action === 'memberLeft')
  const people = await otherTab.people()
  await people.getByRole('button', { name: 'Leave room' }).click()
  await people.getByRole('button', { name: 'Leave', exact: true }).click()
  await expect(otherTab.page.getByRole('heading', { name: `Hello, ${bob.name}` })).toBeVisible()

  await bob.say('am I still in?')
  await expect(bob.page.getByText('Not sent: you are not a member of this room.')).toBeVisible()
  await expect(alice.message('am I still in?')).toHaveCount(0)
  await bob.page.getByRole('button', { name: 'Delete' }).click()
  await expect(bob.message('am I still in?')).toHaveCount(0)
  await Promise.all([alice.leave(), bob.leave()])
})
