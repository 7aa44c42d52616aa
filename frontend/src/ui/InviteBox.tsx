/** What to hand on so that others can ask to join: the room's link and its id. */

import { CopyField } from './CopyField'
import { Icon } from './Icon'
import styles from './InviteBox.module.css'

interface InviteBoxProps {
  readonly title: string
  readonly link: string
  readonly roomId: string
}

export function InviteBox({ title, link, roomId }: InviteBoxProps) {
  return (
    <div className={styles.invite}>
      <span className={styles.icon}>
        <Icon name="invite" size={24} />
      </span>
      <h2>{title}</h2>
      <p>Share the link or the id. Whoever opens it asks to join, and an admin lets them in.</p>
      <CopyField label="Room link" value={link} />
      <CopyField label="Room id" value={roomId} />
    </div>
  )
}
