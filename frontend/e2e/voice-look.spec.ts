/** Every face of voice in both themes: no accessibility violation, and a picture for human eyes. */

import { expect, test } from '@playwright/test'
import { lookIn } from './look'
import { talkersInARoom } from './voice'

for (const colorScheme of ['light', 'dark'] as const) {
  test(`voice in the ${colorScheme} theme`, async ({ browser }, { project }) => {
    const look = lookIn(colorScheme)
    const [ann, bob, cleo] = await talkersInARoom(browser, 3, { ...project.use, colorScheme, reducedMotion: 'reduce' })
    if (ann === undefined || bob === undefined || cleo === undefined) throw new Error('three were asked for')
    await bob.person.say('Shall we talk it over?')
    await ann.person.say('Yes, give me a second.')
    await bob.join()
    await look(bob.page, 'voice-alone')
    await cleo.join()
    await expect(ann.dock).toContainText('are talking')
    await look(ann.page, 'voice-invitation')
    await ann.join()
    await ann.expectToHear([bob, cleo])
    await cleo.mute()
    await expect(ann.tile(cleo.name)).toHaveAttribute('data-muted', 'true')
    await look(ann.page, 'voice')
    await ann.tile(bob.name).getByRole('button').click()
    await expect(ann.dock).toContainText('Good connection')
    await look(ann.page, 'voice-details')
    await ann.controls.getByRole('button', { name: 'Voice settings' }).click()
    await ann.page.getByLabel('Push to talk').check()
    await look(ann.page, 'voice-settings')
    await ann.page.keyboard.press('Escape')
    await look(ann.page, 'voice-push-to-talk')
    await ann.page.getByLabel('Voice controls').getByRole('button', { name: /End voice/ }).click()
    await look(ann.page, 'voice-end')
    await ann.page.keyboard.press('Escape')
    await ann.page.goto('./#/')
    await expect(ann.page.getByRole('region', { name: 'Your call' })).toBeVisible()
    await look(ann.page, 'voice-elsewhere')
    await Promise.all([ann, bob, cleo].map(({ person }) => person.leave()))
  })

  test(`a blocked microphone in the ${colorScheme} theme`, async ({ browser }, { project }) => {
    const [ann] = await talkersInARoom(browser, 1, { ...project.use, colorScheme, reducedMotion: 'reduce' })
    if (ann === undefined) throw new Error('one was asked for')
    await ann.page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'))
    })
    await ann.page.getByRole('button', { name: 'Start voice' }).click()
    await expect(ann.dock.getByRole('alert')).toContainText('The microphone is blocked')
    await lookIn(colorScheme)(ann.page, 'voice-blocked')
    await ann.person.leave()
  })
}
