/** Who speaks, from levels that are read several times a second. Pure. */

/** Above this (RMS of full scale) somebody speaks; room noise after suppression stays below. */
export const SPEECH_LEVEL = 0.015
/** A pause between words is shorter than this. */
export const PAUSE_MS = 600

export class Talking {
  readonly #lastHeard = new Map<string, number>()
  #speaking: ReadonlySet<string> = new Set()

  /** Takes everybody's level at a moment, ms; gives who speaks, the same set as long as nothing changed. */
  heard(levels: Iterable<readonly [string, number]>, now: number): ReadonlySet<string> {
    for (const [userId, level] of levels) if (level > SPEECH_LEVEL) this.#lastHeard.set(userId, now)
    for (const [userId, at] of this.#lastHeard) if (now - at > PAUSE_MS) this.#lastHeard.delete(userId)
    const isSame = this.#lastHeard.size === this.#speaking.size && [...this.#lastHeard.keys()].every((each) => this.#speaking.has(each))
    if (!isSame) this.#speaking = new Set(this.#lastHeard.keys())
    return this.#speaking
  }

  /** Nobody is heard from this person any more. */
  forget(userId: string): void {
    this.#lastHeard.delete(userId)
  }
}
