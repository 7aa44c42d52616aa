import { expect, test } from '@playwright/test'
import { twoInARoom } from './person'
import { everybodyHearsTheOthers, talkersInARoom } from './voice'

test('two to six people hear each other and not themselves', async ({ browser }, { project }) => {
  // Fifteen connections on one machine's cores: what counts is that everybody is heard in the end.
  test.setTimeout(240_000)
  const everybody = await talkersInARoom(browser, 6, project.use)
  for (const [index, talker] of everybody.entries()) {
    await talker.join()
    if (index > 0) await everybodyHearsTheOthers(everybody.slice(0, index + 1), 60_000)
  }
  await Promise.all(everybody.map(({ person }) => person.leave()))
})

test('through the stage’s own relay alone', async ({ browser }, { project }) => {
  const alone = { iceTransportPolicy: 'relay' } as const
  const [ann, bob] = await pair(talkersInARoom(browser, 2, project.use, [alone, alone]))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

test('mute silences and is seen; leaving and coming back', async ({ browser }, { project }) => {
  const [ann, bob] = await pair(talkersInARoom(browser, 2, project.use))
  await ann.join()
  await expect(bob.dock).toContainText(`${ann.name} is talking`)
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await expect(ann.tile(bob.name)).toHaveAttribute('data-speaking', 'true')

  await bob.mute()
  await ann.expectToHear([])
  await expect(ann.tile(bob.name)).toHaveAttribute('data-muted', 'true')
  await expect(ann.tile(bob.name)).toHaveAttribute('data-speaking', 'false')
  await bob.expectToHear([ann])
  await bob.unmute()
  await ann.expectToHear([bob])
  await expect(ann.tile(bob.name)).toHaveAttribute('data-muted', 'false')

  await bob.leave()
  await ann.expectToHear([])
  await expect(ann.tile(bob.name)).toHaveCount(0)
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

test('volume, push-to-talk and the settings', async ({ browser }, { project }) => {
  const [ann, bob] = await pair(talkersInARoom(browser, 2, project.use))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])

  await ann.tile(bob.name).getByRole('button').click()
  const volume = ann.page.getByRole('slider', { name: `How loud you hear ${bob.name}` })
  await volume.fill('0')
  await ann.expectToHear([])
  await volume.fill('100')
  await ann.expectToHear([bob])
  await expect(ann.dock).toContainText(/Good connection: 0\.0 % lost/)

  await bob.controls.getByRole('button', { name: 'Voice settings' }).click()
  const settings = bob.page.getByRole('dialog', { name: 'Voice settings' })
  await expect(settings.getByLabel('Microphone', { exact: true })).toBeVisible()
  await expect.poll(async () => await settings.getByRole('meter').evaluate((meter: HTMLMeterElement) => meter.value)).toBeGreaterThan(50)
  await settings.getByLabel('Push to talk').check()
  await bob.page.keyboard.press('Escape')
  await ann.expectToHear([])
  await bob.page.getByRole('heading', { name: 'Standup', level: 1 }).click()
  await bob.page.keyboard.down('Space')
  await ann.expectToHear([bob])
  await bob.page.keyboard.up('Space')
  await ann.expectToHear([])
  const hold = bob.controls.getByRole('button', { name: 'Hold to talk' })
  await hold.hover()
  await bob.page.mouse.down()
  await ann.expectToHear([bob])
  await bob.page.mouse.up()
  await ann.expectToHear([])
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

test('an admin mutes somebody, ends voice, switches it off and on', async ({ browser }, { project }) => {
  const [ann, bob] = await pair(talkersInARoom(browser, 2, project.use))
  await ann.join()
  await bob.join()
  await everybodyHearsTheOthers([ann, bob])
  await ann.tile(bob.name).getByRole('button').click()
  await ann.dock.getByRole('button', { name: 'Mute for everybody' }).click()
  await expect(bob.dock).toContainText(`${ann.name} muted you`)
  await ann.expectToHear([])
  await bob.unmute()
  await ann.expectToHear([bob])
  await expect(bob.controls.getByRole('button', { name: /End voice/ })).toHaveCount(0)

  await ann.controls.getByRole('button', { name: /End voice/ }).click()
  await ann.page.getByRole('dialog', { name: 'End voice' }).getByRole('button', { name: 'End voice' }).click()
  await expect(bob.dock).toContainText(`${ann.name} ended voice for everybody.`)
  await bob.dock.getByRole('button', { name: 'Dismiss' }).click()
  await bob.join()

  await expect(ann.dock).toContainText(`${bob.name} is talking`)
  await ann.dock.getByRole('button', { name: 'Join voice' }).click()
  await ann.controls.getByRole('button', { name: /End voice/ }).click()
  await ann.page.getByRole('dialog', { name: 'End voice' }).getByRole('button', { name: 'Switch voice off' }).click()
  await expect(bob.dock).toContainText(`${ann.name} switched voice off`)
  await expect(bob.page.getByRole('button', { name: 'Voice is switched off in this room' })).toBeDisabled()
  await bob.page.reload()
  await expect(bob.page.getByRole('button', { name: 'Voice is switched off in this room' })).toBeDisabled()
  await ann.page.getByRole('button', { name: /Voice is switched off/ }).click()
  await bob.join()
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

test('the browser’s own microphone, allowed and not', async ({ browser }, { project }) => {
  const { alice, bob } = await twoInARoom(browser, 'Beeps', project.use)
  await alice.page.getByRole('button', { name: 'Start voice' }).click()
  await expect(alice.page.getByRole('alert')).toContainText('The microphone is blocked')
  for (const { context } of [alice, bob]) await context.grantPermissions(['microphone'])
  await alice.page.getByRole('button', { name: 'Try again' }).click()
  await bob.page.getByRole('button', { name: 'Join voice' }).click()
  const speaker = bob.page.locator(`[data-talker="${alice.name}"]`)
  await expect(speaker).toHaveAttribute('data-link', 'connected')
  // It beeps once a second.
  await expect(speaker).toHaveAttribute('data-speaking', 'true')
  await bob.page.getByRole('button', { name: 'Voice settings' }).click()
  await expect(bob.page.getByLabel('Microphone', { exact: true }).getByRole('option')).toContainText(['The system’s choice', /Fake/])
  await bob.page.getByLabel('Microphone', { exact: true }).selectOption({ index: 1 })
  await bob.page.keyboard.press('Escape')
  await expect(alice.page.locator(`[data-talker="${bob.name}"]`)).toHaveAttribute('data-speaking', 'true')
  await Promise.all([alice.leave(), bob.leave()])
})

test('by keyboard alone', async ({ browser }, { project }) => {
  const [ann, bob] = await pair(talkersInARoom(browser, 2, project.use))
  await ann.join()
  const press = async (name: string, key = 'Enter'): Promise<void> => {
    await bob.page.getByRole('button', { name }).focus()
    await bob.page.keyboard.press(key)
  }
  await press('Join voice')
  await everybodyHearsTheOthers([ann, bob])
  await expect(bob.controls.getByRole('button', { name: 'Turn microphone off' })).toBeFocused()
  await press('Turn microphone off', 'Space')
  await ann.expectToHear([])
  await press('Turn microphone on', 'Space')
  await press(ann.name)
  await bob.page.getByRole('slider').focus()
  for (let step = 0; step < 20; step += 1) await bob.page.keyboard.press('ArrowLeft')
  await bob.expectToHear([])
  await press('Voice settings')
  await bob.page.keyboard.press('Escape')
  await expect(bob.controls.getByRole('button', { name: 'Voice settings' })).toBeFocused()
  await press('Leave voice')
  await expect(bob.controls).toHaveCount(0)
  await Promise.all([ann.person.leave(), bob.person.leave()])
})

async function pair<T>(many: Promise<readonly T[]>): Promise<[T, T]> {
  const [first, second] = await many
  if (first === undefined || second === undefined) throw new Error('two were asked for')
  return [first, second]
}
