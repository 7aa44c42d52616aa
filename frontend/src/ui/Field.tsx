/** A labelled line of text with its rule and its fault. */

import { type InputHTMLAttributes, useId } from 'react'
import styles from './Field.module.css'

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'className' | 'id'> {
  readonly label: string
  /** What is asked for; replaced by the fault. */
  readonly hint?: string
  readonly fault?: string | undefined
}

export function Field({ label, hint, fault, ...native }: FieldProps) {
  const id = useId()
  const noteId = `${id}note`
  const note = fault ?? hint
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input
        {...native}
        id={id}
        className={styles.input}
        aria-invalid={fault !== undefined}
        aria-describedby={note === undefined ? undefined : noteId}
      />
      {note !== undefined && (
        <p id={noteId} className={fault === undefined ? styles.hint : styles.fault} role={fault === undefined ? undefined : 'alert'}>
          {note}
        </p>
      )}
    </div>
  )
}
