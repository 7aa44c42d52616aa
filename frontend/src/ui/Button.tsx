/** Buttons: filled for the one thing to do here, quiet for the rest, an icon alone with a label. */

import type { ButtonHTMLAttributes } from 'react'
import styles from './Button.module.css'
import { Icon, type IconName } from './Icon'

type Native = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className' | 'type'>

interface ButtonProps extends Native {
  readonly look?: 'filled' | 'tinted' | 'quiet' | 'danger'
  readonly size?: 'small' | 'normal'
  readonly type?: 'button' | 'submit'
}

export function Button({ look = 'filled', size = 'normal', type = 'button', ...native }: ButtonProps) {
  return <button {...native} type={type} className={`${styles.button} ${styles[look]} ${styles[size]}`} />
}

interface IconButtonProps extends Native {
  readonly icon: IconName
  /** Read aloud and shown on hover. */
  readonly label: string
  /** A count on the corner; nothing for 0. */
  readonly badge?: number
}

export function IconButton({ icon, label, badge = 0, ...native }: IconButtonProps) {
  return (
    <button {...native} type="button" className={styles.icon} aria-label={label} title={label}>
      <Icon name={icon} />
      {badge > 0 && <span className={styles.badge}>{badge > 99 ? '99+' : badge}</span>}
    </button>
  )
}
