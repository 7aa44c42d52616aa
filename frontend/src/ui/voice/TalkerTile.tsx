/** One person in a call: a ring while they speak, what is wrong with them, and on request how loud and how well they come. */

import { useId } from 'react'
import type { Observable } from '../../observable'
import type { Talker } from '../../state/voiceModel'
import { Avatar } from '../Avatar'
import { Button, IconButton } from '../Button'
import { Icon } from '../Icon'
import { useObservable } from '../useObservable'
import styles from './TalkerTile.module.css'
import { qualityFigures, talkerLabel, talkerLine, VERDICTS } from './voiceWords'

interface TalkerTileProps {
  readonly talker: Talker
  readonly speaking: Observable<ReadonlySet<string>>
  readonly isChosen: boolean
  readonly onChoose: () => void
}

export function TalkerTile({ talker, speaking, isChosen, onChoose }: TalkerTileProps) {
  const isSpeaking = useObservable(speaking).has(talker.userId)
  const label = talkerLabel(talker, isSpeaking)
  return (
    <li className={styles.tile} data-speaking={isSpeaking} data-link={talker.link?.kind} data-muted={talker.isMuted} data-talker={talker.userId}>
      {talker.isMe ? (
        <div className={styles.face} role="img" aria-label={label}>
          <Face talker={talker} />
        </div>
      ) : (
        <button type="button" className={styles.face} aria-label={`${label}; volume and more`} aria-expanded={isChosen} onClick={onChoose}>
          <Face talker={talker} />
        </button>
      )}
    </li>
  )
}

function Face({ talker }: { readonly talker: Talker }) {
  const { userId, isMuted, quality, link } = talker
  const isWeak = link?.kind === 'connected' && quality !== undefined && quality.verdict !== 'good'
  return (
    <>
      <span className={styles.ring}>
        <Avatar name={userId} shape="person" />
        {isMuted && (
          <span className={styles.muted}>
            <Icon name="micOff" size={13} />
          </span>
        )}
      </span>
      <span className={styles.name}>{talker.isMe ? 'You' : userId}</span>
      <span className={styles.line}>{isWeak ? VERDICTS[quality.verdict] : talker.isMe ? (isMuted ? 'Muted' : '') : talkerLine(talker)}</span>
    </>
  )
}

interface TalkerDetailsProps {
  readonly talker: Talker
  readonly onClose: () => void
}

export function TalkerDetails({ talker, onClose }: TalkerDetailsProps) {
  const { userId, volume, setVolume, mute, quality } = talker
  const volumeId = useId()
  return (
    <div className={styles.details} role="group" aria-label={`${userId} in voice`}>
      <div className={styles.volume}>
        <label htmlFor={volumeId}>
          <Icon name="volume" />
          <span className="visually-hidden">How loud you hear {userId}</span>
        </label>
        <input
          id={volumeId}
          type="range"
          min={0}
          max={100}
          step={5}
          value={Math.round(volume * 100)}
          aria-valuetext={`${Math.round(volume * 100)} %`}
          onChange={(event) => setVolume?.(Number(event.target.value) / 100)}
        />
        <output htmlFor={volumeId}>{Math.round(volume * 100)}&nbsp;%</output>
        <IconButton icon="close" label="Close details" onClick={onClose} />
      </div>
      <p className={styles.figures}>
        <strong>
          <bdi>{userId}</bdi>
        </strong>
        {quality === undefined ? 'The connection is being measured.' : `${VERDICTS[quality.verdict]}: ${qualityFigures(quality)}`}
      </p>
      {mute !== undefined && (
        <Button size="small" look="danger" onClick={mute}>
          Mute for everybody
        </Button>
      )}
    </div>
  )
}
