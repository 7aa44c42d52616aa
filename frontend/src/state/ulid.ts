/** Message ids are ULIDs: ten characters of time and sixteen of chance, which sort as text. */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_CHARACTERS = 10
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/** The lowest id of the moment `ms` before the one in `id`; an id that is no ULID comes back as it is. */
export function earlier(id: string, ms: number): string {
  if (!ULID.test(id)) return id
  let time = 0
  for (const character of id.slice(0, TIME_CHARACTERS)) time = time * 32 + ALPHABET.indexOf(character)
  return encodeTime(Math.max(0, time - ms)).padEnd(id.length, '0')
}

function encodeTime(time: number): string {
  let rest = time
  let text = ''
  for (let place = 0; place < TIME_CHARACTERS; place += 1) {
    text = ALPHABET.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}
