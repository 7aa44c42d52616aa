/** The first browser client: the protocol's first part, and the published library as it signs by itself. */

import { expect, test } from '@playwright/test'
import { OriginalClient } from './originalClient'
import { everybodyHearsTheOthers } from './voice'

test('a master and three viewers talk; the master leaves, and voice ends for all', async ({ browser }, { project }) => {
  test.setTimeout(120_000)
  const everybody: OriginalClient[] = []
  for (const [index, stem] of ['Ann', 'Bob', 'Cleo', 'Dan'].entries()) everybody.push(await OriginalClient.arrive(browser, stem, [430, 560, 710, 890][index] ?? 0, project.use))
  const [ann, ...guests] = everybody
  if (ann === undefined) throw new Error('somebody is first')

  const { roomId } = await ann.ask({ action: 'createRoom', roomName: 'Original' }, 'roomCreated')
  for (const guest of guests) {
    await guest.ask({ action: 'joinRoom', subAction: 'request', roomId }, 'joinResponse')
    await ann.next('joinRequest')
    await ann.send({ action: 'joinRoom', subAction: 'approve', roomId, targetUserId: guest.talker.name })
    expect(await guest.next('joinResponse')).toMatchObject({ roomId, status: 'approved' })
  }
  const { voiceRoomId } = await ann.ask({ action: 'createVoiceRoom', roomId }, 'voiceRoomCreated')
  for (const guest of guests) expect(await guest.next('voiceRoomAvailable')).toMatchObject({ voiceRoomId, roomId, masterUserId: ann.talker.name })

  expect(await ann.lend(voiceRoomId)).toMatchObject({ role: 'MASTER' })
  await ann.talk()
  for (const [index, guest] of guests.entries()) {
    expect(await guest.lend(voiceRoomId)).toMatchObject({ role: 'VIEWER' })
    expect(await guest.isLetIn('MASTER'), 'a viewer is not let in as the master').toBe(false)
    await guest.talk()
    await everybodyHearsTheOthers(everybody.slice(0, index + 2).map(({ talker }) => talker), 30_000)
  }

  await ann.talker.person.context.close()
  for (const guest of guests) {
    expect(await guest.next('voiceRoomEnded')).toMatchObject({ voiceRoomId })
    await guest.talker.expectToHear([], 30_000)
    expect(await guest.isLetIn('VIEWER'), 'the channel is gone').toBe(false)
  }
  for (const { talker } of guests) await talker.person.context.close()
})
