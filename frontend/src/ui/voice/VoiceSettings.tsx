/** Which microphone and loudspeaker, how the microphone is opened, and a meter that shows that it hears. */

import { useEffect, useId, useRef, useState } from 'react'
import type { Session } from '../../state/session'
import type { Call } from '../../voice/call'
import type { Device, DeviceList } from '../../voice/devices'
import type { Preferences } from '../../voice/preferences'
import { IconButton } from '../Button'
import { Drawer } from '../Drawer'
import styles from './VoiceSettings.module.css'

interface VoiceSettingsProps {
  readonly session: Session
  readonly call: Call
  readonly preferences: Preferences
  readonly onClose: () => void
}

export function VoiceSettings({ session, call, preferences, onClose }: VoiceSettingsProps) {
  const store = session.voice.preferences
  const devices = useDevices(session)
  return (
    <Drawer side="middle" label="Voice settings" onClose={onClose}>
      <div className={styles.settings}>
        <div className={styles.head}>
          <h2>Voice settings</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </div>
        <Choice label="Microphone" devices={devices.microphones} chosen={preferences.microphone} onChoose={(id) => void call.chooseMicrophone(id)} />
        <LevelMeter call={call} />
        {devices.speakers.length > 0 && (
          <Choice label="Loudspeaker" devices={devices.speakers} chosen={preferences.speaker} onChoose={(speaker) => store.change({ speaker })} />
        )}
        <Switch
          label="Push to talk"
          hint="Your microphone is open only while you hold the space bar or the button."
          isOn={preferences.pushToTalk}
          onChange={(pushToTalk) => store.change({ pushToTalk })}
        />
        <Switch label="Tones" hint="A short sound when somebody comes or goes." isOn={preferences.tones} onChange={(tones) => store.change({ tones })} />
      </div>
    </Drawer>
  )
}

function useDevices(session: Session): DeviceList {
  const [devices, setDevices] = useState<DeviceList>({ microphones: [], speakers: [] })
  useEffect(() => {
    const source = session.voice.devices
    const load = (): void => void source.list().then(setDevices, () => undefined)
    load()
    return source.onChange(load)
  }, [session])
  return devices
}

interface ChoiceProps {
  readonly label: string
  readonly devices: readonly Device[]
  readonly chosen: string | undefined
  readonly onChoose: (id: string | undefined) => void
}

/** Some browsers list the system's choice themselves, under an id of its own. */
const SYSTEM = 'default'

function Choice({ label, devices, chosen, onChoose }: ChoiceProps) {
  const id = useId()
  const listed = devices.filter((device) => device.id !== SYSTEM)
  const value = listed.some((device) => device.id === chosen) ? chosen : ''
  return (
    <div className={styles.choice}>
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={({ target }) => onChoose(target.value === '' ? undefined : target.value)}>
        <option value="">The system’s choice</option>
        {listed.map((device, index) => (
          <option key={device.id} value={device.id}>
            {device.label === '' ? `${label} ${index + 1}` : device.label}
          </option>
        ))}
      </select>
    </div>
  )
}

/** The meter is written to directly: sixty renders a second would be for nothing. */
function LevelMeter({ call }: { readonly call: Call }) {
  const meter = useRef<HTMLMeterElement>(null)
  useEffect(() => {
    let frame = 0
    let shown = 0
    const draw = (): void => {
      // Loudness is felt in steps of decibels; a bar that falls slowly can be read.
      const decibels = 20 * Math.log10(Math.max(call.level(), 1e-4))
      shown = Math.max(shown - 1.5, Math.min(100, Math.max(0, (decibels + 60) * (100 / 54))))
      if (meter.current !== null) meter.current.value = shown
      frame = requestAnimationFrame(draw)
    }
    draw()
    return () => cancelAnimationFrame(frame)
  }, [call])
  return (
    <div className={styles.level}>
      <meter ref={meter} className={styles.meter} min={0} max={100} aria-label="What your microphone hears" />
      <p>Speak: the bar moves when your microphone hears you, muted or not.</p>
    </div>
  )
}

interface SwitchProps {
  readonly label: string
  readonly hint: string
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
}

function Switch({ label, hint, isOn, onChange }: SwitchProps) {
  const id = useId()
  return (
    <div className={styles.switch}>
      <label htmlFor={id}>{label}</label>
      <p id={`${id}hint`}>{hint}</p>
      <span className={styles.knob}>
        <input id={id} type="checkbox" checked={isOn} aria-describedby={`${id}hint`} onChange={({ target }) => onChange(target.checked)} />
      </span>
    </div>
  )
}
