/** The head of the middle pane, with the way to the rooms on a phone. */

import type { ReactNode } from 'react'
import { IconButton } from './Button'
import styles from './PaneHeader.module.css'

/** Opens the list of rooms where it is not always there. */
export interface MenuButton {
  readonly open: () => void
  readonly unread: number
}

interface PaneHeaderProps {
  readonly menu: MenuButton | undefined
  readonly children?: ReactNode
}

export function PaneHeader({ menu, children }: PaneHeaderProps) {
  return (
    <header className={styles.header}>
      {menu !== undefined && <IconButton icon="menu" label="Rooms" badge={menu.unread} onClick={menu.open} />}
      {children}
    </header>
  )
}
