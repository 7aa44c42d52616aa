/** How voice is coded. One stream goes to every other participant, so a larger call gets leaner ones. */

/** Bits a second for one stream in a call of so many people; 24 kbit/s of mono Opus is still wide-band speech. */
export function bitrateFor(people: number): number {
  if (people <= 3) return 40_000
  return people === 4 ? 32_000 : 24_000
}

/** What this side asks of the other's encoder: one channel, repair of lost packets, next to nothing sent in silence. */
const WISHES = { stereo: '0', useinbandfec: '1', usedtx: '1' } as const

/** The description with these wishes in Opus's parameters (RFC 7587); one without Opus comes back unchanged. */
export function withOpusWishes(sdp: string): string {
  const payload = /^a=rtpmap:(\d+) opus\/48000/im.exec(sdp)?.[1]
  if (payload === undefined) return sdp
  const line = new RegExp(`^a=fmtp:${payload} (.*)$`, 'm')
  const held = line.exec(sdp)?.[1]?.trim()
  if (held === undefined) return sdp.replace(new RegExp(`^(a=rtpmap:${payload} .*)$`, 'm'), `$1\r\na=fmtp:${payload} ${join(WISHES)}`)
  return sdp.replace(line, `a=fmtp:${payload} ${join({ ...parse(held), ...WISHES })}`)
}

function parse(parameters: string): Record<string, string> {
  const pairs = parameters.split(';').map((pair) => pair.trim().split('=', 2))
  return Object.fromEntries(pairs.filter(([key]) => key !== '').map(([key = '', value = '']) => [key, value]))
}

function join(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters).map(([key, value]) => `${key}=${value}`).join(';')
}
