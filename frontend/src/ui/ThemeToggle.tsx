/** Light or dark, at a press. */

import { IconButton } from './Button'
import type { Theme } from './theme'
import { useObservable } from './useObservable'

interface ThemeToggleProps {
  readonly theme: Theme
}

export function ThemeToggle({ theme }: ThemeToggleProps) {
  const isDark = useObservable(theme.name) === 'dark'
  return (
    <IconButton
      icon={isDark ? 'sun' : 'moon'}
      label={isDark ? 'Switch to the light theme' : 'Switch to the dark theme'}
      onClick={theme.toggle}
    />
  )
}
