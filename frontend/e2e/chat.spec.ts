import { expect, test } from '@playwright/test'
import { Person, twoInARoom } from './person'

test('two people meet in a room and talk (T1 to T5)', async ({ browser }, { project }) => {
  const alice = await Person.arrive(browser, 'Alice', project.use)
  const bob = await Person.arrive(browser, 'Bob', project.use)

  await alice.signIn()
  await expect(alice.page.getByRole('heading', { name: `Hello, ${alice.name}` })).toBeVisible()
  const roomId = await alice.createRoom('Weekend plans')
  expect(roomId).toMatch(/^[0-9a-z]{12}$/)

  // The id and the link are shown, and what is copied is the link that works.
  await expect(alice.page.getByText(roomId, { exact: true })).toBeVisible()
  await alice.page.getByRole('button', { name: 'Copy room link' }).click()
  const link = await alice.page.evaluate(() => navigator.clipboard.readText())
  expect(link).toContain(`#/r/${roomId}`)

  await bob.signIn(link)
  await expect(bob.page.getByText(roomId)).toBeVisible()
  await bob.askToJoin()

  // The admin sees the request at once, as news and in the list.
  await expect(alice.page.getByText(`${bob.name} asks to join Weekend plans`)).toBeVisible()
  const alicesPeople = await alice.people()
  const asking = alicesPeople.getByRole('list', { name: 'Asking to join' }).getByRole('listitem')
  await expect(asking).toContainText(bob.name)
  await asking.getByRole('button', { name: `Let ${bob.name} in` }).click()

  // The asker learns it at once; both lists show who is who.
  await expect(bob.page.getByRole('heading', { name: 'Weekend plans', level: 1 })).toBeVisible()
  await expect(asking).toHaveCount(0)
  const inside = alicesPeople.getByRole('list', { name: 'In this room' }).getByRole('listitem')
  await expect(inside).toHaveCount(2)
  const bobsPeople = await bob.people()
  const alicesLine = bobsPeople.getByRole('listitem').filter({ hasText: alice.name })
  await expect(alicesLine).toContainText('Admin')
  await expect(alicesLine).toContainText('Online')
  await expect(bobsPeople.getByRole('listitem').filter({ hasText: bob.name })).not.toContainText('Admin')
  for (const person of [alice, bob]) await closePeople(person)

  // Both ways, with the sender and the time.
  await alice.say('Shall we go up on Saturday?')
  await expect(bob.message('Shall we go up on Saturday?').locator('time')).toHaveAttribute('datetime', /^\d{4}-\d\d-\d\dT/)
  await expect(bob.log.getByText(alice.name, { exact: true })).toBeVisible()
  await bob.say('Yes, early.')
  await expect(alice.message('Yes, early.').locator('time')).toBeVisible()
  await expect(alice.log.getByText(bob.name, { exact: true })).toBeVisible()
  for (const person of [alice, bob]) {
    await expect(person.message('Shall we go up on Saturday?')).toHaveCount(1)
    await expect(person.message('Yes, early.')).toHaveCount(1)
    await expect(person.log.locator('[data-delivery="sending"]')).toHaveCount(0)
  }

  // Closing the page shows to the other.
  await bob.leave()
  const bobsLine = (await alice.people()).getByRole('listitem').filter({ hasText: bob.name })
  await expect(bobsLine).toContainText('Offline', { timeout: 20_000 })
  await alice.leave()
})

test('a declined request is told at once, and can be made again', async ({ browser }, { project }) => {
  const alice = await Person.arrive(browser, 'Alice', project.use)
  const carol = await Person.arrive(browser, 'Carol', project.use)
  await alice.signIn()
  const roomId = await alice.createRoom('Quiet room')
  await carol.signIn()
  await carol.page.getByLabel('Room id or link').fill(roomId)
  await carol.page.getByRole('button', { name: 'Find room' }).click()
  await carol.askToJoin()
  await alice.page.getByRole('region', { name: 'Notices' }).getByRole('button', { name: 'Decline' }).click()
  await expect(carol.page.getByRole('heading', { name: 'Your request was declined' })).toBeVisible()
  await carol.page.getByRole('button', { name: 'Ask again' }).click()
  await alice.letIn(carol)
  await expect(carol.page.getByRole('heading', { name: 'Quiet room', level: 1 })).toBeVisible()
  await Promise.all([alice.leave(), carol.leave()])
})

test('a room that does not exist, a bad name and a taken name are told in words', async ({ browser }, { project }) => {
  const alice = await Person.arrive(browser, 'Alice', project.use)
  await alice.page.goto('./#/r/zzzzzzzzzzzz')
  await alice.page.getByLabel('Your name').fill('A<b>')
  await alice.page.getByRole('button', { name: 'Continue' }).click()
  await expect(alice.page.getByText('A name has only letters, digits, spaces and _.')).toBeVisible()
  await alice.page.getByLabel('Your name').fill(alice.name)
  await alice.page.getByRole('button', { name: 'Continue' }).click()
  await alice.page.getByRole('button', { name: 'Ask to join' }).click()
  await expect(alice.page.getByText('There is no room with this id.')).toBeVisible()

  const double = await Person.arrive(browser, 'Double', project.use)
  await double.page.goto('./')
  await double.page.getByLabel('Your name').fill(alice.name)
  await double.page.getByRole('button', { name: 'Continue' }).click()
  await expect(double.page.getByText(`Somebody is here as ${alice.name}, or left`)).toBeVisible()
  await Promise.all([alice.leave(), double.leave()])
})

test('text stays text, links are safe, and a message over the limit cannot be sent', async ({ browser }, { project }) => {
  const { alice, bob } = await twoInARoom(browser, 'Letters', project.use)
  const text = '<img src=x onerror=alert(1)> see https://example.com/a?b=1. and javascript:alert(1)'
  await alice.say(text)
  await expect(bob.message(text)).toBeVisible()
  await expect(bob.log.locator('img')).toHaveCount(0)
  await expect(bob.log.getByRole('link')).toHaveCount(1)
  const link = bob.log.getByRole('link', { name: 'https://example.com/a?b=1' })
  await expect(link).toHaveAttribute('rel', /noopener/)
  await alice.composer.fill('ä'.repeat(4097))
  await expect(alice.page.getByText('Too long by 2 bytes')).toBeVisible()
  await expect(alice.page.getByRole('button', { name: 'Send' })).toBeDisabled()
  await alice.composer.fill('ä'.repeat(4096))
  await alice.composer.press('Enter')
  await expect(bob.message('ä'.repeat(4096))).toBeVisible()
  await Promise.all([alice.leave(), bob.leave()])
})

test('news of another room is counted until it is read; leaving takes the room away', async ({ browser }, { project }) => {
  const { alice, bob, roomId } = await twoInARoom(browser, 'First', project.use)
  await alice.page.goto('./#/')
  await alice.createRoom('Second')
  await bob.say('Anybody there?')
  await expect(alice.page).toHaveTitle(/^\(1\) Second/)
  await openRooms(alice)
  const first = alice.page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: /First/ })
  await expect(first).toContainText('1 unread')
  await first.click()
  await expect(alice.message('Anybody there?')).toBeVisible()
  await expect(alice.page).toHaveTitle('First · chatctl')

  const people = await bob.people()
  await people.getByRole('button', { name: 'Leave room' }).click()
  await people.getByRole('button', { name: 'Leave', exact: true }).click()
  await expect(bob.page.getByRole('heading', { name: `Hello, ${bob.name}` })).toBeVisible()
  const inside = (await alice.people()).getByRole('list', { name: 'In this room' }).getByRole('listitem')
  await expect(inside).toHaveCount(1)
  await bob.page.goto(`./#/r/${roomId}`)
  await expect(bob.page.getByRole('button', { name: 'Ask to join' })).toBeVisible()
  await Promise.all([alice.leave(), bob.leave()])
})

/** Where the list is a drawer it covers the room. */
async function closePeople(person: Person): Promise<void> {
  await person.page.getByRole('button', { name: 'Close people' }).click()
}

async function openRooms(person: Person): Promise<void> {
  const menu = person.page.getByRole('button', { name: 'Rooms', exact: true })
  if (await menu.isVisible()) await menu.click()
}
