/** Short news over the page: requests to join with their two answers, and what went wrong. */

import type { Notice } from '../state/notices'
import type { Session } from '../state/session'
import { Avatar } from './Avatar'
import { Button, IconButton } from './Button'
import { Icon } from './Icon'
import styles from './Notices.module.css'
import { useObservable } from './useObservable'
import { news } from './words'

interface NoticesProps {
  readonly session: Session
  readonly onOpen: (roomId: string) => void
}

export function Notices({ session, onOpen }: NoticesProps) {
  const notices = useObservable(session.notices)
  return (
    <div className={styles.stack} role="region" aria-label="Notices" aria-live="polite">
      {notices.map((notice) => (
        <div key={notice.id} className={notice.kind === 'failed' ? `${styles.notice} ${styles.failed}` : styles.notice}>
          {notice.kind === 'joinRequest' ? <Avatar name={notice.userId} shape="person" size="small" /> : <Icon name={notice.kind === 'letIn' ? 'check' : 'alert'} />}
          <p>{news(notice)}</p>
          <IconButton icon="close" label="Dismiss" onClick={() => session.dismissNotice(notice.id)} />
          <Answers notice={notice} session={session} onOpen={onOpen} />
        </div>
      ))}
    </div>
  )
}

interface AnswersProps extends NoticesProps {
  readonly notice: Notice
}

function Answers({ notice, session, onOpen }: AnswersProps) {
  if (notice.kind === 'joinRequest') {
    const { roomId, userId } = notice
    return (
      <div className={styles.answers}>
        <Button size="small" onClick={() => session.decide(roomId, userId, 'approve')}>
          Let in
        </Button>
        <Button size="small" look="quiet" onClick={() => session.decide(roomId, userId, 'reject')}>
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
