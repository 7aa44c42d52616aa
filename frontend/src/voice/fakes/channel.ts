/** A signaling channel and a mixer in memory: what is routed to whom, and who is in whose mix. */

import type { Mixer } from '../mixer'
import type { OpenSignaling, SignalingEvents } from '../signaling'

interface End {
  readonly events: SignalingEvents
  isOpen: boolean
}

export class FakeChannel {
  /** By client id; the host's is empty. */
  readonly #ends = new Map<string, End>()
  /** How often somebody opened a way. */
  opened = 0
  /** Ways that nobody answers yet. */
  isSilent = false

  readonly open: OpenSignaling = ({ role, clientId }, events) => {
    const id = role === 'host' ? '' : clientId
    const end: End = { events, isOpen: true }
    this.#ends.set(id, end)
    this.opened += 1
    if (!this.isSilent) queueMicrotask(() => events.opened())
    return {
      send: (note, to) => {
        const other = this.#ends.get(role === 'host' ? (to ?? '') : '')
        if (end.isOpen && other?.isOpen === true) queueMicrotask(() => other.events.received(note, id))
      },
      abandon: () => {
        end.isOpen = false
      },
    }
  }

  /** The service ends everybody's connection, as it does after an hour. */
  cut(): void {
    for (const end of this.#ends.values()) {
      if (end.isOpen) {
        end.isOpen = false
        end.events.closed()
      }
    }
  }
}

export class FakeMixer implements Mixer {
  readonly listeners = new Set<string>()
  readonly sources = new Set<string>([''])
  readonly gains = new Map<string, number>()

  /** Whom a listener hears. */
  mixOf(listener: string): readonly string[] {
    return [...this.sources].filter((source) => source !== listener)
  }

  addListener(id: string): MediaStreamTrack {
    this.listeners.add(id)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { kind: 'audio', mix: id } as unknown as MediaStreamTrack
  }

  setSource(id: string): void {
    this.sources.add(id)
  }

  remove(id: string): void {
    this.listeners.delete(id)
    this.sources.delete(id)
  }

  setGain(listener: string, source: string, gain: number): void {
    this.gains.set(`${listener} hears ${source}`, gain)
  }

  setMicrophone(): void {
    // Its source is there from the beginning.
  }

  close(): void {
    this.listeners.clear()
  }
}
