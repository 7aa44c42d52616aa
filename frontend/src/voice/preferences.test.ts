import { expect, test } from 'vitest'
import { parsePreferences, PreferenceStore } from './preferences'

test('what was chosen is there again after a reload', () => {
  let kept: string | undefined
  const shelf = { read: () => kept, write: (text: string) => { kept = text } }
  new PreferenceStore(shelf).change({ pushToTalk: true, microphone: 'usb', volumes: { Bob: 0.3 } })
  expect(new PreferenceStore(shelf).value.getSnapshot()).toEqual({ microphone: 'usb', speaker: undefined, pushToTalk: true, tones: true, volumes: { Bob: 0.3 } })
})

test.each([undefined, '', 'null', '[]', '{"volumes":[1],"tones":"no","microphone":4}'])('%j is the default', (text) => {
  expect(parsePreferences(text)).toEqual({ microphone: undefined, speaker: undefined, pushToTalk: false, tones: true, volumes: {} })
})

test('a volume out of range is forgotten', () => {
  expect(parsePreferences('{"volumes":{"Ann":2,"Bob":0,"Cleo":"x"}}').volumes).toEqual({ Bob: 0 })
})
