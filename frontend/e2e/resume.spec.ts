import { expect, test } from '@playwright/test'
import { twoInARoom } from './person'

test('a reload resumes the same person in the same room', async ({ browser }, { project }) => {
  const { alice, bob, roomId } = await twoInARoom(browser, 'Steady', project.use)
  await bob.say('before the reload')
  await expect(alice.message('before the reload')).toBeVisible()
  await alice.page.reload()
  await expect(alice.page.getByRole('heading', { name: 'Steady', level: 1 })).toBeVisible()
  await expect(alice.message('before the reload')).toHaveCount(1)
  // Still the admin.
  await expect((await alice.people()).getByRole('listitem').filter({ hasText: 'You ·' })).toContainText('Admin')
  await alice.page.getByRole('button', { name: 'Close people' }).click()
  await alice.say('after the reload')
  await expect(bob.message('after the reload')).toHaveCount(1)

  // Without the fragment it is the tab that remembers.
  await alice.page.goto('about:blank')
  await alice.page.goto('./')
  await expect(alice.page.getByRole('heading', { name: 'Steady', level: 1 })).toBeVisible()
  expect(alice.roomId).toBe(roomId)
  await Promise.all([alice.leave(), bob.leave()])
})

test('a lost line loses nothing and repeats nothing', async ({ browser }, { project }) => {
  const { alice, bob } = await twoInARoom(browser, 'Tunnel', project.use)
  await bob.say('before')
  await expect(alice.message('before')).toBeVisible()

  await alice.line.cut()
  await expect(alice.page.getByText('Connection lost.')).toBeVisible()
  await expect(alice.page.getByText(/Reconnecting in \d+ s/)).toBeVisible()
  const missed = ['missed one', 'missed two', 'missed three']
  for (const text of missed) {
    await bob.say(text)
    await expect(bob.message(text).and(bob.page.locator('[data-delivery="sent"]'))).toHaveCount(1)
  }
  await alice.say('written in the tunnel')
  await expect(alice.message('written in the tunnel')).toHaveAttribute('data-delivery', 'sending')
  await expect(bob.message('written in the tunnel')).toHaveCount(0)

  alice.line.heal()
  // The app may be back by itself before the click lands; then there is nothing left to press.
  await alice.page.getByRole('button', { name: 'Try now' }).click({ timeout: 3_000 }).catch(() => undefined)
  await expect(alice.page.getByText('Connection lost.')).toBeHidden()
  const all = ['before', ...missed, 'written in the tunnel']
  for (const person of [alice, bob]) {
    await expect(person.message('written in the tunnel')).toHaveAttribute('data-delivery', 'sent')
    await expect.poll(() => person.order(all)).toEqual(all)
  }
  // And the line is whole again.
  await bob.say('welcome back')
  await expect(alice.message('welcome back')).toHaveCount(1)
  await Promise.all([alice.leave(), bob.leave()])
})

test('the line comes back by itself, again and again', async ({ browser }, { project }) => {
  const { alice, bob } = await twoInARoom(browser, 'Flicker', project.use)
  const all: string[] = []
  for (const round of [1, 2, 3]) {
    await alice.line.cut()
    await bob.say(`round ${round} while away`)
    await expect(bob.message(`round ${round} while away`)).toHaveAttribute('data-delivery', 'sent')
    alice.line.heal()
    await bob.say(`round ${round} on return`)
    all.push(`round ${round} while away`, `round ${round} on return`)
    await expect.poll(() => alice.order(all)).toEqual(all)
  }
  await Promise.all([alice.leave(), bob.leave()])
})

test('a long conversation can be read back to its beginning', async ({ browser }, { project }) => {
  const { alice, bob, roomId } = await twoInARoom(browser, 'Archive', project.use)
  const texts = Array.from({ length: 180 }, (_, index) => `line ${String(index + 1).padStart(3, '0')}`)
  for (const message of texts) {
    expect(await bob.line.ask({ action: 'sendMessage', roomId, message })).toMatchObject({ action: 'messageAck' })
  }
  await alice.page.reload()
  await expect(alice.message('line 180')).toBeVisible()
  await expect(alice.message('line 001')).toHaveCount(0)
  await expect(async () => {
    await alice.log.evaluate((log) => log.scrollTo({ top: 0 }))
    await expect(alice.message('line 001')).toHaveCount(1, { timeout: 300 })
  }).toPass({ timeout: 20_000 })
  expect(await alice.order(texts)).toEqual(texts)

  // What arrives meanwhile does not pull the reader away; one press brings them to it.
  await bob.say('the newest of all')
  await alice.log.evaluate((log) => log.scrollTo({ top: 0 }))
  await expect(alice.message('line 001')).toBeInViewport()
  await alice.page.getByRole('button', { name: 'To the newest messages' }).click()
  await expect(alice.message('the newest of all')).toBeInViewport()
  await Promise.all([alice.leave(), bob.leave()])
})
