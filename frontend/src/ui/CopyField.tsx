/** A text to hand on, with a button that copies it and says so. */

import { useEffect, useState } from 'react'
import { Button } from './Button'
import styles from './CopyField.module.css'
import { Icon } from './Icon'

interface CopyFieldProps {
  readonly label: string
  readonly value: string
}

const CONFIRMATION_MS = 2_000

export function CopyField({ label, value }: CopyFieldProps) {
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'failed'>('none')
  useEffect(() => {
    if (outcome === 'none') return undefined
    const timer = setTimeout(() => setOutcome('none'), CONFIRMATION_MS)
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = (): void => {
    // Without a secure context there is no clipboard; the text stays selectable.
    const writing = navigator.clipboard?.writeText(value) ?? Promise.reject(new Error('no clipboard'))
    writing.then(
      () => setOutcome('copied'),
      () => setOutcome('failed'),
    )
  }
  return (
    <div className={styles.field}>
      <span className={styles.label}>{label}</span>
      <code className={styles.value}>{value}</code>
      <Button look="quiet" size="small" onClick={copy} aria-label={`Copy ${label.toLowerCase()}`}>
        <Icon name={outcome === 'copied' ? 'check' : 'copy'} size={16} />
        {outcome === 'copied' ? 'Copied' : 'Copy'}
      </Button>
      <span role="status" className="visually-hidden">
        {outcome === 'copied' && `${label} copied`}
        {outcome === 'failed' && `${label} could not be copied; select it instead`}
      </span>
    </div>
  )
}
