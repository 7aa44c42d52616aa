/** What voice takes from the browser; passed in, so that tests own it. */

import { type Devices, browserDevices } from './devices'
import { Mesh } from './mesh'
import { WebAudioMixer } from './mixer'
import { kinesisSignaling } from './signaling'
import type { Topology } from './signals'
import { BrowserSound, type Sound } from './sound'
import { Star } from './star'
import type { TransportFactory } from './transport'

export interface VoiceParts {
  readonly devices: Devices
  readonly sound: Sound
  readonly connect: (configuration: RTCConfiguration) => RTCPeerConnection
  readonly transports: Readonly<Record<Topology, TransportFactory>>
}

export function browserVoice(): VoiceParts {
  return {
    devices: browserDevices,
    sound: new BrowserSound(),
    connect: (configuration) => new RTCPeerConnection(configuration),
    transports: { mesh: (options) => new Mesh(options), star: (options) => new Star(options, { signaling: kinesisSignaling, mix: (context, microphone) => new WebAudioMixer(context, microphone) }) },
  }
}
