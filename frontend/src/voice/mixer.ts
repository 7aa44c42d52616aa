/** Mix-minus: everybody hears the host and all others, and never themselves. */

export interface Mixer {
  /** A listener's own mix: the host, and all sources but the listener's. */
  addListener(id: string): MediaStreamTrack
  /** A listener begins to be heard, or is heard over another track. */
  setSource(id: string, track: MediaStreamTrack): void
  remove(id: string): void
  /** How loud a listener hears a source, 0 to 1; the host's is `HOST`. */
  setGain(listener: string, source: string, gain: number): void
  setMicrophone(track: MediaStreamTrack): void
  close(): void
}

export type MixerFactory = (context: AudioContext, microphone: MediaStreamTrack) => Mixer

/** The host among the sources. */
export const HOST_SOURCE = ''

interface Listener {
  readonly output: MediaStreamAudioDestinationNode
  /** By source. */
  readonly inputs: Map<string, GainNode>
}

export class WebAudioMixer implements Mixer {
  readonly #context: AudioContext
  readonly #sources = new Map<string, MediaStreamAudioSourceNode>()
  readonly #listeners = new Map<string, Listener>()
  readonly #gains = new Map<string, number>()

  constructor(context: AudioContext, microphone: MediaStreamTrack) {
    this.#context = context
    this.setSource(HOST_SOURCE, microphone)
  }

  addListener(id: string): MediaStreamTrack {
    this.#dropListener(id)
    const output = new MediaStreamAudioDestinationNode(this.#context, { channelCount: 1 })
    const listener: Listener = { output, inputs: new Map() }
    this.#listeners.set(id, listener)
    for (const source of this.#sources.keys()) this.#connect(source, id, listener)
    const [track] = output.stream.getAudioTracks()
    if (track === undefined) throw new Error('a mix without a track')
    return track
  }

  setSource(id: string, track: MediaStreamTrack): void {
    this.#dropSource(id)
    this.#sources.set(id, new MediaStreamAudioSourceNode(this.#context, { mediaStream: new MediaStream([track]) }))
    for (const [listenerId, listener] of this.#listeners) this.#connect(id, listenerId, listener)
  }

  remove(id: string): void {
    this.#dropSource(id)
    this.#dropListener(id)
    for (const key of this.#gains.keys()) if (key.split('\n').includes(id)) this.#gains.delete(key)
  }

  setGain(listener: string, source: string, gain: number): void {
    this.#gains.set(pair(listener, source), gain)
    const input = this.#listeners.get(listener)?.inputs.get(source)
    // Not at once: a step in the signal is heard as a click.
    input?.gain.setTargetAtTime(gain, this.#context.currentTime, 0.02)
  }

  setMicrophone(track: MediaStreamTrack): void {
    this.setSource(HOST_SOURCE, track)
  }

  close(): void {
    for (const id of this.#sources.keys()) this.#dropSource(id)
    for (const id of this.#listeners.keys()) this.#dropListener(id)
  }

  #connect(source: string, listenerId: string, { inputs, output }: Listener): void {
    const node = this.#sources.get(source)
    if (node === undefined || source === listenerId) return
    const gain = new GainNode(this.#context, { gain: this.#gains.get(pair(listenerId, source)) ?? 1 })
    node.connect(gain).connect(output)
    inputs.set(source, gain)
  }

  #dropSource(id: string): void {
    this.#sources.get(id)?.disconnect()
    this.#sources.delete(id)
    for (const { inputs } of this.#listeners.values()) {
      inputs.get(id)?.disconnect()
      inputs.delete(id)
    }
  }

  #dropListener(id: string): void {
    const listener = this.#listeners.get(id)
    if (listener === undefined) return
    for (const input of listener.inputs.values()) input.disconnect()
    for (const track of listener.output.stream.getTracks()) track.stop()
    this.#listeners.delete(id)
  }
}

function pair(listener: string, source: string): string {
  return `${listener}\n${source}`
}
