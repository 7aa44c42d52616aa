/** Short news over the page: requests to join with their two answers, and what went wrong. */

import { useRef } from 'react'
import type { Notice } from '../state/notices'
import type { Decision, Session } from '../state/session'
import { Avatar } from './Avatar'
import { Button, IconButton } from './Button'
import { Icon } from './Icon'
import styles from './Notices.module.css'
import { useObservable } from './useObservable'
import { count, news } from './words'

interface NoticesProps {
  readonly session: Session
  readonly onOpen: (roomId: string) => void
  /** Opens a room with the list of its people. */
  readonly onOpenPeople: (roomId: string) => void
}

/** Requests shown one by one; more of them would cover the conversation on a phone. */
const REQUESTS = 2

export function Notices({ session, onOpen, onOpenPeople }: NoticesProps) {
  const notices = useObservable(session.notices)
  const region = useRef<HTMLDivElement>(null)
  const requests = notices.filter((notice) => notice.kind === 'joinRequest')
  const hidden = requests.slice(REQUESTS)
  const [next] = hidden
  // The button that was pressed goes away with its notice.
  const answered = (): void => region.current?.focus()
  return (
    <div ref={region} className={styles.stack} role="region" aria-label="Notices" aria-live="polite" tabIndex={-1}>
      {notices.filter((notice) => !hidden.some(({ id }) => id === notice.id)).map((notice) => (
        <div key={notice.id} className={notice.kind === 'failed' ? `${styles.notice} ${styles.failed}` : styles.notice}>
          {notice.kind === 'joinRequest' ? <Avatar name={notice.userId} shape="person" size="small" /> : <Icon name={notice.kind === 'letIn' ? 'check' : 'alert'} />}
          <p>
            <bdi>{news(notice)}</bdi>
          </p>
          <IconButton icon="close" label="Dismiss" onClick={() => session.dismissNotice(notice.id)} />
          <Answers notice={notice} session={session} onOpen={onOpen} onAnswered={answered} />
        </div>
      ))}
      {next !== undefined && (
        <div className={styles.notice}>
          <Icon name="people" />
          <p>{count(hidden.length, 'more person asks', 'more people ask')} to join</p>
          <div className={styles.answers}>
            <Button size="small" look="tinted" onClick={() => onOpenPeople(next.roomId)}>
              Show them
            </Button>
          </div>
        </div>
      )}
    </div>
  )
}

interface AnswersProps {
  readonly notice: Notice
  readonly session: Session
  readonly onOpen: (roomId: string) => void
  readonly onAnswered: () => void
}

function Answers({ notice, session, onOpen, onAnswered }: AnswersProps) {
  if (notice.kind === 'joinRequest') {
    const { roomId, userId } = notice
    const decide = (decision: Decision): void => {
      session.decide(roomId, userId, decision)
      onAnswered()
    }
    return (
      <div className={styles.answers}>
        <Button size="small" onClick={() => decide('approve')} aria-label={`Let in ${userId}`}>
          Let in
        </Button>
        <Button size="small" look="quiet" onClick={() => decide('reject')} aria-label={`Decline ${userId}`}>
          Decline
        </Button>
      </div>
    )
  }
  if (notice.kind !== 'letIn') return null
  const open = (): void => {
    onOpen(notice.roomId)
    session.dismissNotice(notice.id)
  }
  return (
    <div className={styles.answers}>
      <Button size="small" look="tinted" onClick={open}>
        Open room
      </Button>
    </div>
  )
}
