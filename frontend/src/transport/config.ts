/** The runtime configuration that a deployment writes beside the page, so that no source file names a server. */

import { isFields } from './json'
import type { VoiceTransport } from './protocol.gen'

export interface Config {
  readonly stage: string
  readonly region: string
  /** `ws://` or `wss://`, without a query. */
  readonly webSocketUrl: string
  /** How voice travels: everybody to everybody, or through one participant over Kinesis Video's signaling. */
  readonly voice: { readonly transport: VoiceTransport }
}

export type ConfigFault = 'missing' | 'unreachable' | 'malformed'

export class ConfigError extends Error {
  readonly fault: ConfigFault

  constructor(fault: ConfigFault, message: string) {
    super(message)
    this.name = 'ConfigError'
    this.fault = fault
  }
}

/** Rejects with a `ConfigError`. */
export async function loadConfig(fetcher: typeof fetch): Promise<Config> {
  const response = await fetcher('./config.json', { cache: 'no-store' }).catch((error: unknown) => {
    throw new ConfigError('unreachable', String(error))
  })
  if (!response.ok) throw new ConfigError('missing', `config.json answered ${response.status}`)
  return parseConfig(await response.text())
}

export function parseConfig(text: string): Config {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Many hosts answer a missing file with the page itself.
    throw new ConfigError('malformed', 'config.json is not JSON')
  }
  const { stage, region, webSocketUrl, voice } = isFields(value) ? value : {}
  if (typeof stage !== 'string' || typeof region !== 'string' || typeof webSocketUrl !== 'string') {
    throw new ConfigError('malformed', 'config.json needs the texts stage, region and webSocketUrl')
  }
  if (!/^wss?:\/\/[^\s?#]+$/.test(webSocketUrl)) {
    throw new ConfigError('malformed', `webSocketUrl is no WebSocket address: ${webSocketUrl}`)
  }
  return { stage, region, webSocketUrl, voice: { transport: isFields(voice) && voice['transport'] === 'kinesis' ? 'kinesis' : 'mesh' } }
}
