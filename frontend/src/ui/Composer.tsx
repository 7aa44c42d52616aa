/** The line to write on. Enter sends, Shift and Enter break the line. */

import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { messageBytes } from '../state/message'
import styles from './Composer.module.css'
import { Icon } from './Icon'

interface ComposerProps {
  readonly roomName: string
  /** The longest text, in UTF-8 bytes. */
  readonly maxBytes: number
  readonly draft: string
  readonly onDraft: (text: string) => void
  readonly onSend: (text: string) => void
}

/** The room left is shown from here on. */
const NEAR = 0.85

export function Composer({ roomName, maxBytes, draft, onDraft, onSend }: ComposerProps) {
  const [text, setText] = useState(draft)
  const box = useRef<HTMLTextAreaElement>(null)
  const noteId = useId()
  // Ready to write; on a touch screen that would bring up the keyboard unasked.
  useEffect(() => {
    if (window.matchMedia('(pointer: fine)').matches) box.current?.focus({ preventScroll: true })
  }, [])
  const used = messageBytes(text)
  const left = maxBytes - used
  const isNear = left < maxBytes * (1 - NEAR)
  const canSend = used > 0 && left >= 0
  const change = (next: string): void => {
    setText(next)
    onDraft(next)
  }
  const send = (): void => {
    if (!canSend) return
    onSend(text)
    change('')
    box.current?.focus()
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    send()
  }
  const keyDown = (event: KeyboardEvent): void => {
    // Enter also ends a composition in an input method, which is not meant to send.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <form className={styles.composer} onSubmit={submit}>
      <div className={styles.line}>
        <textarea
          ref={box}
          className={styles.text}
          rows={1}
          value={text}
          aria-label={`Message to ${roomName}`}
          aria-describedby={isNear ? noteId : undefined}
          aria-invalid={left < 0}
          placeholder="Write a message"
          enterKeyHint="send"
          onChange={(event) => change(event.target.value)}
          onKeyDown={keyDown}
        />
        <button type="submit" className={styles.send} aria-label="Send" title="Send" disabled={!canSend}>
          <Icon name="send" />
        </button>
      </div>
      {isNear && (
        <p id={noteId} className={left < 0 ? styles.over : styles.near} role="status">
          {left < 0 ? `Too long by ${-left} bytes` : `${left} bytes left`}
        </p>
      )}
    </form>
  )
}
