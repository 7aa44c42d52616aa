/** Initials on a colour that a name always keeps. Decoration: the name stands beside it. */

import styles from './Avatar.module.css'

const HUES = [styles.hue0, styles.hue1, styles.hue2, styles.hue3, styles.hue4, styles.hue5, styles.hue6, styles.hue7]

interface AvatarProps {
  readonly name: string
  /** People are round, rooms are square. */
  readonly shape: 'person' | 'room'
  readonly size?: 'small' | 'normal' | 'large'
  /** A dot on the corner; none where `undefined`. */
  readonly online?: boolean | undefined
}

export function Avatar({ name, shape, size = 'normal', online }: AvatarProps) {
  return (
    <span className={`${styles.avatar} ${styles[shape]} ${styles[size]} ${hueClass(name)}`} aria-hidden="true">
      {initials(name)}
      {online !== undefined && <span className={online ? styles.online : styles.away} />}
    </span>
  )
}

/** Sets `--hue` for a name. */
export function hueClass(name: string): string {
  let hash = 0
  for (const character of name.toLowerCase()) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return HUES[hash % HUES.length] ?? ''
}

export function initials(name: string): string {
  const words = name.split(/[\s_]+/).filter((word) => word !== '')
  const [first = '', second = ''] = words
  const letters = second === '' ? Array.from(first).slice(0, 2) : [Array.from(first)[0], Array.from(second)[0]]
  return letters.join('').toUpperCase()
}
