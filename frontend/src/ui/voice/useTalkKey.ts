/** The space bar as push-to-talk, wherever it has no other meaning. */

import { useEffect } from 'react'
import type { Call } from '../../voice/call'

/** Where a space is a letter, or presses something. */
const OWNERS = 'input, textarea, select, button, a, [contenteditable], dialog'

export function useTalkKey(call: Call): void {
  useEffect(() => {
    const isOurs = (event: KeyboardEvent): boolean =>
      event.key === ' ' && !(event.target instanceof Element && event.target.closest(OWNERS) !== null)
    const down = (event: KeyboardEvent): void => {
      if (!isOurs(event)) return
      // Else the page scrolls.
      event.preventDefault()
      call.hold(true)
    }
    const up = (event: KeyboardEvent): void => {
      if (event.key === ' ') call.hold(false)
    }
    const release = (): void => call.hold(false)
    window.addEventListener('keydown', down)
    window.addEventListener('keyup', up)
    window.addEventListener('blur', release)
    return () => {
      window.removeEventListener('keydown', down)
      window.removeEventListener('keyup', up)
      window.removeEventListener('blur', release)
      release()
    }
  }, [call])
}
