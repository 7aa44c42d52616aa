/** Says when the line is not up, and what happens next. Nothing while all is well. */

import { useEffect, useState } from 'react'
import type { ConnectionState } from '../transport/connection'
import styles from './ConnectionBar.module.css'

interface ConnectionBarProps {
  readonly state: ConnectionState
  readonly onRetry: () => void
}

export function ConnectionBar({ state, onRetry }: ConnectionBarProps) {
  switch (state.kind) {
    case 'online':
    case 'stopped':
    case 'refused':
    case 'displaced':
      return null
    case 'connecting':
      return (
        <div className={`${styles.bar} ${styles.late}`} role="status">
          <span className={styles.pulse} aria-hidden="true" />
          <span>Connecting…</span>
        </div>
      )
    case 'reconnecting':
    case 'offline':
      return (
        <div className={`${styles.bar} ${styles.down}`}>
          <span className={styles.pulse} aria-hidden="true" />
          <span role="status">{state.kind === 'offline' ? 'You are offline.' : 'Connection lost.'}</span>
          <Countdown until={state.retryAt} />
          <button type="button" className={styles.retry} onClick={onRetry}>
            Try now
          </button>
        </div>
      )
  }
}

/** Outside the live region: a screen reader need not hear every second. */
function Countdown({ until }: { readonly until: number }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [])
  return <span className={styles.soft}>Reconnecting in {Math.max(0, Math.ceil((until - now) / 1000))} s</span>
}
