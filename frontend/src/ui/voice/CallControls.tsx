/** Mute or hold to talk, settings, ending for all, leaving. */

import type { VoiceModel } from '../../state/voiceModel'
import type { Call, CallState } from '../../voice/call'
import type { Preferences } from '../../voice/preferences'
import { IconButton } from '../Button'
import { Icon } from '../Icon'
import styles from './CallControls.module.css'
import { useTalkKey } from './useTalkKey'

interface CallControlsProps {
  readonly call: Call
  readonly state: CallState
  readonly preferences: Preferences
  readonly model: VoiceModel
  readonly onSettings: () => void
  readonly onEnd: () => void
}

export function CallControls({ call, state, preferences, model, onSettings, onEnd }: CallControlsProps) {
  const canEnd = model.end !== undefined || model.switchOff !== undefined
  return (
    <div className={styles.controls} role="group" aria-label="Voice controls">
      {preferences.pushToTalk && !state.isMuted && <TalkButton call={call} isOpen={state.isOpen} />}
      <MuteButton call={call} isMuted={state.isMuted} />
      <IconButton icon="sliders" label="Voice settings" aria-haspopup="dialog" onClick={onSettings} />
      {canEnd && <IconButton icon="more" label="End voice for everybody…" aria-haspopup="dialog" onClick={onEnd} />}
      <button type="button" className={`${styles.round} ${styles.leave}`} aria-label="Leave voice" title="Leave voice" onClick={model.leave}>
        <Icon name="hangUp" size={26} />
      </button>
    </div>
  )
}

function MuteButton({ call, isMuted }: { readonly call: Call; readonly isMuted: boolean }) {
  const label = isMuted ? 'Turn microphone on' : 'Turn microphone off'
  return (
    <button
      type="button"
      className={isMuted ? `${styles.round} ${styles.muted}` : `${styles.round} ${styles.open}`}
      aria-label={label}
      title={label}
      onClick={() => call.setMuted(!isMuted)}
    >
      <Icon name={isMuted ? 'micOff' : 'mic'} size={22} />
    </button>
  )
}

function TalkButton({ call, isOpen }: { readonly call: Call; readonly isOpen: boolean }) {
  useTalkKey(call)
  const hold = (isHeld: boolean) => () => call.hold(isHeld)
  return (
    <button
      type="button"
      className={styles.talk}
      aria-pressed={isOpen}
      title="Hold this button, or the space bar, while you speak"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        call.hold(true)
      }}
      onPointerUp={hold(false)}
      onPointerCancel={hold(false)}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (event.key === ' ' || event.key === 'Enter') call.hold(true)
      }}
      onKeyUp={hold(false)}
      onBlur={hold(false)}
    >
      {isOpen ? 'Talking' : 'Hold to talk'}
    </button>
  )
}
