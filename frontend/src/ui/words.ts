/** Codes, times and counts as words. The only place that knows how the product speaks. */

import type { ConfigFault } from '../transport/config'
import type { SignInProblem } from '../state/app'
import { isSameDay } from '../state/conversation'
import type { News } from '../state/notices'
import type { FailureCode } from '../transport/errors'

export const NAME_RULE = '2 to 20 letters, digits, spaces or _'

const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u
/** Alphabets with letters that cannot be told from one another's. */
const ALIKE = [/\p{Script=Latin}/u, /\p{Script=Greek}/u, /\p{Script=Cyrillic}/u]

/** Why a text is no name, or `undefined` where it is one. */
export function nameFault(name: string): string | undefined {
  const length = Array.from(name).length
  if (length < 2) return 'A name has at least 2 characters.'
  if (length > 20) return 'A name has at most 20 characters.'
  if (!/^[\p{Alphabetic}\p{N} _]+$/u.test(name) || INVISIBLE.test(name)) return 'A name has only letters, digits, spaces and _.'
  if (ALIKE.filter((alphabet) => alphabet.test(name)).length > 1) return 'A name has letters of one alphabet: Latin, Greek and Cyrillic do not mix.'
  if (/ {2}/.test(name)) return 'A name has no two spaces in a row.'
  return undefined
}

export function signInProblem(problem: SignInProblem): string {
  const { kind, name } = problem
  switch (kind) {
    case 'sessionEnded':
      return `Your earlier session as ${name} has ended, and its rooms with it. You can join afresh under this name or another.`
    case 'nameTaken':
      return `Somebody is here as ${name}, or left within the last ten minutes. Please choose another name.`
    case 'nameLost':
      return `Somebody else came in as ${name} while you were away. Your rooms are kept: try again when the name is free, or join under another one.`
    case 'displaced':
      return `You have opened this chat as ${name} in so many places that it was closed here. Continue to use it here again.`
    case 'refused':
      return problem.code === 'badRequest' ? `This name cannot be used: ${problem.message}.` : `You could not come in as ${name}: ${problem.message}.`
  }
}

export function configFault(fault: ConfigFault): string {
  switch (fault) {
    case 'missing':
      return 'The site has no config.json yet, so it does not know its server. Deploying the frontend writes it.'
    case 'malformed':
      return 'The site’s config.json cannot be read, so it does not know its server. Deploying the frontend again writes it afresh.'
    case 'unreachable':
      return 'The site’s config.json could not be loaded. Check your network and try again.'
  }
}

/** Why a request failed; `message` is the server’s own sentence, used where it says more than the code. */
export function failure(code: FailureCode, message: string): string {
  switch (code) {
    case 'forbidden':
      return 'you are not a member of this room.'
    case 'notFound':
      return 'there is no such room.'
    case 'rateLimited':
      return 'too much at once. Wait a moment and try again.'
    case 'timeout':
      return 'the server did not answer.'
    case 'disconnected':
      return 'there is no connection.'
    case 'internal':
      return 'the server had a problem. Try again.'
    case 'unauthorized':
      return 'the server does not know you any more. Sign in again.'
    case 'badRequest':
    case 'unknownAction':
    case 'conflict':
    case 'tooLarge':
      return message.endsWith('.') ? message : `${message}.`
  }
}

export function news(item: News): string {
  switch (item.kind) {
    case 'joinRequest':
      return `${item.userId} asks to join ${item.roomName}`
    case 'letIn':
      return `You are in: ${item.roomName}`
    case 'turnedAway':
      return `Your request for room ${item.roomId} was declined`
    case 'failed':
      return `${FAILED[item.what]}: ${failure(item.code, item.message)}`
  }
}

const FAILED = {
  decide: 'The decision was not taken',
  leave: 'You could not leave the room',
  older: 'Older messages could not be loaded',
  mute: 'They could not be muted',
  voiceSwitch: 'Voice could not be changed',
} as const

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const DAY_MS = 86_400_000

export function clockTime(timestamp: number): string {
  return CLOCK.format(timestamp)
}

export function fullTime(timestamp: number): string {
  return FULL.format(timestamp)
}

export function dayName(timestamp: number): string {
  const now = Date.now()
  if (isSameDay(timestamp, now)) return 'Today'
  if (isSameDay(timestamp, now - DAY_MS)) return 'Yesterday'
  return new Date(timestamp).getFullYear() === new Date(now).getFullYear() ? DAY.format(timestamp) : DAY_AND_YEAR.format(timestamp)
}

/** For the room list: the clock today, the date before. */
export function shortTime(timestamp: number): string {
  return isSameDay(timestamp, Date.now()) ? CLOCK.format(timestamp) : SHORT_DAY.format(timestamp)
}

export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
