/** A panel over the page, from a side or in the middle. The browser's own modal dialog keeps the focus inside, and Escape closes it. */

import { type MouseEvent, type ReactNode, useLayoutEffect, useRef } from 'react'
import styles from './Drawer.module.css'

interface DrawerProps {
  readonly side: 'left' | 'right' | 'middle'
  readonly label: string
  readonly onClose: () => void
  readonly children: ReactNode
}

export function Drawer({ side, label, onClose, children }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    // Closing before it goes gives the focus back to where it was.
    return () => element?.close()
  }, [])
  const closeOnBackdrop = (event: MouseEvent): void => {
    if (event.target === dialog.current) onClose()
  }
  return (
    // The backdrop is the dialog element itself; the keyboard has Escape.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events
    <dialog
      ref={dialog}
      className={`${styles.drawer} ${styles[side]}`}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={closeOnBackdrop}
    >
      <div className={styles.body}>{children}</div>
    </dialog>
  )
}
