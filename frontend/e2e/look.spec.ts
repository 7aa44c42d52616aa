/** Every screen in both themes: no accessibility violation, and a picture for human eyes in e2e/screenshots/. */

import { expect, test } from '@playwright/test'
import { lookIn } from './look'
import { Person, twoInARoom } from './person'

test('a chosen theme is kept', async ({ page }) => {
  await page.goto('./')
  const colour = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const before = await colour()
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click()
  const after = await colour()
  expect(after).not.toBe(before)
  await page.reload()
  await expect(page.getByRole('button', { name: 'Switch to the light theme' })).toBeVisible()
  expect(await colour()).toBe(after)
})

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' } })
    const look = lookIn(colorScheme)

    test('before the chat', async ({ page }) => {
      await page.goto('./')
      await expect(page.getByLabel('Your name')).toBeVisible()
      await look(page, 'sign-in')
      await page.getByLabel('Your name').fill('x')
      await page.getByRole('button', { name: 'Continue' }).click()
      await expect(page.getByRole('alert')).toBeVisible()
      await look(page, 'sign-in-fault')

      await page.route('**/config.json', (route) => route.fulfill({ status: 404 }))
      await page.reload()
      await expect(page.getByRole('heading', { name: 'This chat is not set up' })).toBeVisible()
      await look(page, 'not-set-up')
    })

    test('the chat', async ({ browser }, { project }) => {
      const options = { ...project.use, colorScheme, reducedMotion: 'reduce' } as const
      const { alice, bob, roomId } = await twoInARoom(browser, 'Weekend plans', options)
      await look(alice.page, 'room-empty')
      await talk(alice, bob)
      await look(alice.page, 'room')
      await look(bob.page, 'room-other-side')

      await alice.page.getByRole('button', { name: 'Invite people' }).click()
      await expect(alice.page.getByRole('dialog', { name: 'Invite people' })).toBeVisible()
      await look(alice.page, 'invite')
      await alice.page.keyboard.press('Escape')

      const carol = await Person.arrive(browser, 'Carol', options)
      await carol.signIn(`./#/r/${roomId}`)
      await expect(carol.page.getByRole('button', { name: 'Ask to join' })).toBeVisible()
      await look(carol.page, 'gate')
      await carol.askToJoin()
      await look(carol.page, 'gate-waiting')
      await expect(alice.page.getByText(`${carol.name} asks to join`)).toBeVisible()
      await look(alice.page, 'request')
      const people = await alice.people()
      await look(alice.page, 'people')
      await people.getByRole('button', { name: `Decline ${carol.name}` }).click()
      await expect(carol.page.getByRole('heading', { name: 'Your request was declined' })).toBeVisible()
      await look(carol.page, 'gate-declined')
      await alice.page.getByRole('button', { name: 'Close people' }).click()

      await alice.line.cut()
      await expect(alice.page.getByText('Connection lost.')).toBeVisible()
      await alice.say('This one waits for the line')
      await look(alice.page, 'line-lost')
      alice.line.heal()
      await expect(alice.message('This one waits for the line')).toHaveAttribute('data-delivery', 'sent', { timeout: 30_000 })

      await alice.page.goto('./#/')
      await expect(alice.page.getByRole('heading', { name: `Hello, ${alice.name}` })).toBeVisible()
      await look(alice.page, 'home')
      const menu = alice.page.getByRole('button', { name: 'Rooms', exact: true })
      if (await menu.isVisible()) await menu.click()
      await alice.page.getByRole('button', { name: 'Sign out' }).click()
      await look(alice.page, 'rooms')
      await Promise.all([alice.leave(), bob.leave(), carol.leave()])
    })
  })
}

async function talk(alice: Person, bob: Person): Promise<void> {
  const lines: readonly (readonly [Person, string])[] = [
    [alice, 'Morning! The forecast for Saturday looks good now.'],
    [alice, 'Shall we take the early train?'],
    [bob, 'Yes, the 7:12 gets us to the trailhead before nine.'],
    [bob, 'Here is the route: https://example.com/routes/north-ridge'],
    [alice, 'Perfect.'],
    [bob, 'I will bring the stove and coffee.\nSomebody else has the map?'],
    [alice, 'Map and sandwiches are on me. See you on the platform at seven, and do not forget a warm layer: it is windy up there even in June.'],
  ]
  for (const [speaker, text] of lines) {
    await speaker.say(text)
    await expect(speaker.message(text)).toHaveAttribute('data-delivery', 'sent')
    await expect((speaker === alice ? bob : alice).message(text)).toBeVisible()
  }
}
