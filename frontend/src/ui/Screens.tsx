/** The screens before the chat, other than the form for the name. */

import { useEffect, useState } from 'react'
import type { Session } from '../state/session'
import type { ConfigFault } from '../transport/config'
import { Button } from './Button'
import { ConnectionBar } from './ConnectionBar'
import { Icon } from './Icon'
import styles from './Screens.module.css'
import { useObservable } from './useObservable'
import { configFault } from './words'

export function Splash() {
  return (
    <main className={styles.screen}>
      <div className={styles.center} role="status">
        <Mark />
        <p className={styles.late}>Loading…</p>
      </div>
    </main>
  )
}

interface BrokenScreenProps {
  readonly fault: ConfigFault
  readonly detail: string
  readonly onRetry: () => void
}

export function BrokenScreen({ fault, detail, onRetry }: BrokenScreenProps) {
  return (
    <main className={styles.screen}>
      <div className={styles.center} role="alert">
        <span className={styles.trouble}>
          <Icon name="alert" size={28} />
        </span>
        <h1>This chat is not set up</h1>
        <p>{configFault(fault)}</p>
        <code className={styles.detail}>{detail}</code>
        <Button onClick={onRetry}>Try again</Button>
      </div>
    </main>
  )
}

/** A server that is well answers within moments, a cold start included. */
const STUCK_MS = 6_000

interface ConnectingScreenProps {
  readonly name: string
  readonly session: Session
  readonly onCancel: () => void
}

export function ConnectingScreen({ name, session, onCancel }: ConnectingScreenProps) {
  const connection = useObservable(session.connection)
  const [isStuck, setStuck] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setStuck(true), STUCK_MS)
    return () => clearTimeout(timer)
  }, [])
  return (
    <main className={styles.screen}>
      <div className={styles.center}>
        <Mark />
        <h1 className={styles.late}>Connecting as {name}…</h1>
        <ConnectionBar state={connection} onRetry={() => session.retryNow()} />
        <p className={styles.stuck} role="status">
          {isStuck && 'The server does not answer yet. It is tried again by itself; you can also cancel and come back later.'}
        </p>
        <div className={styles.late}>
          <Button look="quiet" onClick={onCancel}>
            Cancel
          </Button>
        </div>
      </div>
    </main>
  )
}

export function Mark() {
  return (
    <svg className={styles.mark} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M9 8.5h14a3 3 0 0 1 3 3v7a3 3 0 0 1-3 3h-6.2l-4.6 3.8c-.5.4-1.2.1-1.2-.6v-3.2H9a3 3 0 0 1-3-3v-7a3 3 0 0 1 3-3z" />
      <path d="m11.5 12.6 2.8 2.4-2.8 2.4M16.6 17.6h4" />
    </svg>
  )
}
