/** Asks for a name. */

import { type FormEvent, useState } from 'react'
import type { SignInProblem } from '../state/app'
import { Button } from './Button'
import { Field } from './Field'
import { Mark } from './Screens'
import styles from './SignInScreen.module.css'
import type { Theme } from './theme'
import { ThemeToggle } from './ThemeToggle'
import { NAME_RULE, nameFault, signInProblem } from './words'

interface SignInScreenProps {
  readonly stage: string
  readonly name: string
  readonly problem: SignInProblem | undefined
  /** Came by a room's link. */
  readonly isInvited: boolean
  readonly theme: Theme
  readonly onSignIn: (name: string) => void
}

export function SignInScreen({ stage, name: initialName, problem, isInvited, theme, onSignIn }: SignInScreenProps) {
  const [name, setName] = useState(initialName)
  const [fault, setFault] = useState<string | undefined>(undefined)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    // One way to write each letter, as the server has it.
    const trimmed = name.trim().normalize('NFC')
    const found = nameFault(trimmed)
    setFault(found)
    if (found === undefined) onSignIn(trimmed)
  }
  return (
    <main className={styles.screen}>
      <div className={styles.corner}>
        <ThemeToggle theme={theme} />
      </div>
      <div className={styles.card}>
        <Mark />
        <div className={styles.heading}>
          <h1>{isInvited ? 'You are invited to a room' : 'Welcome to chatctl'}</h1>
          <p>
            {isInvited
              ? 'Tell the others who you are, then ask to come in.'
              : 'Open a room, share its link, and talk with the people you let in.'}
          </p>
        </div>
        {problem !== undefined && (
          <p className={styles.problem} role="alert">
            {signInProblem(problem)}
          </p>
        )}
        <form className={styles.form} onSubmit={submit} noValidate>
          <Field
            label="Your name"
            hint={NAME_RULE}
            fault={fault}
            value={name}
            onChange={(event) => setName(event.target.value)}
            autoComplete="nickname"
            autoCapitalize="words"
            enterKeyHint="go"
            // The one thing to do on this screen.
            // oxlint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
          />
          <Button type="submit">{problem?.kind === 'sessionEnded' ? 'Join afresh' : 'Continue'}</Button>
        </form>
        <p className={styles.stage}>Stage {stage}</p>
      </div>
    </main>
  )
}
