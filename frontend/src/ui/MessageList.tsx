/** The conversation. Stays at its end while the reader is there, and holds its place while older messages come in above. */

import { memo, type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from 'react'
import type { Group, Line, Row } from '../state/conversation'
import type { RoomModel } from '../state/roomModel'
import { Avatar, hueClass } from './Avatar'
import { Button } from './Button'
import { Icon } from './Icon'
import { Linked } from './Linked'
import styles from './MessageList.module.css'
import { clockTime, dayName, failure, fullTime } from './words'

interface MessageListProps {
  readonly model: RoomModel
  /** Shown while nothing has been said. */
  readonly empty: ReactNode
}

const NEAR_END_PX = 90
const NEAR_START_PX = 160
/** Lines drawn at first and added at a time; a long conversation would cost more the longer it is. */
const WINDOW = 150

export function MessageList({ model, empty }: MessageListProps) {
  const { isLoading, isLoadingOlder, isEmpty } = model
  const [isAtEnd, setAtEnd] = useState(true)
  const [limit, setLimit] = useState(WINDOW)
  const rows = newest(model.rows, limit)
  const hasHidden = rows.length < model.rows.length
  const showOlder = (): void => {
    setLimit(limit + WINDOW)
    if (!hasHidden) model.loadOlder?.()
  }
  const loadOlder = hasHidden || model.loadOlder !== undefined ? showOlder : undefined
  const scrolled = (element: HTMLElement): void => {
    const isNowAtEnd = isNearEnd(element)
    setAtEnd(isNowAtEnd)
    if (element.scrollTop < NEAR_START_PX) loadOlder?.()
    else if (isNowAtEnd) setLimit(WINDOW)
  }
  const { scroller, content, isSettled } = useScrollPosition(rows, isAtEnd, setAtEnd)
  const toEnd = (): void => {
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: 'smooth' })
  }
  return (
    <div className={styles.frame}>
      <div
        ref={scroller}
        className={styles.scroller}
        role="log"
        aria-live="polite"
        aria-busy={isLoading || isLoadingOlder}
        aria-label={`Messages in ${model.roomName}`}
        // Scrolled by keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        // Of another size than before, it is about to be put right, which scrolls.
        onScroll={({ currentTarget }) => isSettled() && scrolled(currentTarget)}
      >
        {isEmpty && empty}
        <div ref={content} className={styles.rows}>
          {isLoading && <p className={styles.note}>Loading messages…</p>}
          {isLoadingOlder && <p className={styles.note}>Loading older messages…</p>}
          {loadOlder !== undefined && (
            <p className={styles.note}>
              <Button look="quiet" size="small" onClick={loadOlder}>
                Older messages
              </Button>
            </p>
          )}
          {rows.map((row) =>
            row.kind === 'day' ? (
              <p key={row.key} className={styles.day}>
                <span>{dayName(row.timestamp)}</span>
              </p>
            ) : (
              <Talk key={row.key} group={row} model={model} />
            ),
          )}
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" className={styles.toEnd} onClick={toEnd} aria-label="To the newest messages" title="To the newest messages">
          <Icon name="down" />
        </button>
      )}
    </div>
  )
}

/** The last rows, as many as hold `limit` lines. */
function newest(rows: readonly Row[], limit: number): readonly Row[] {
  let lines = 0
  const start = rows.findLastIndex((row) => {
    lines += row.kind === 'group' ? row.lines.length : 0
    return lines >= limit
  })
  return rows.slice(Math.max(0, start))
}

interface ScrollPosition {
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly content: RefObject<HTMLDivElement | null>
  /** Whether it has the size that was seen last. */
  readonly isSettled: () => boolean
}

function isNearEnd(element: HTMLElement): boolean {
  return element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX
}

/**
 * Once what is shown has another size: to the end where the reader was there, else the same lines stay before
 * their eyes. Told by the browser, between layout and paint: asking it at each change would lay out the page twice.
 */
function useScrollPosition(rows: RoomModel['rows'], isAtEnd: boolean, setAtEnd: (isAtEnd: boolean) => void): ScrollPosition {
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const first = rows.find((row) => row.kind === 'group')?.key ?? ''
  const drawn = useRef({ first, isAtEnd })
  const seen = useRef({ height: 0, first: '' })
  useLayoutEffect(() => {
    drawn.current = { first, isAtEnd }
  })
  useLayoutEffect(() => {
    const [frame, lines] = [scroller.current, content.current]
    if (frame === null || lines === null) return undefined
    const observer = new ResizeObserver(() => {
      const { scrollHeight: height } = frame
      const now = drawn.current
      if (now.isAtEnd) frame.scrollTop = height
      else if (now.first !== seen.current.first) frame.scrollTop += height - seen.current.height
      seen.current = { height, first: now.first }
      setAtEnd(isNearEnd(frame))
    })
    // The frame too: the keyboard of a phone or a growing composer takes height away.
    for (const element of [frame, lines]) observer.observe(element)
    return () => observer.disconnect()
  }, [setAtEnd])
  return { scroller, content, isSettled: () => scroller.current?.scrollHeight === seen.current.height }
}

interface TalkProps {
  readonly group: Group
  readonly model: RoomModel
}

function Talk({ group, model }: TalkProps) {
  const { userId, isOwn, lines } = group
  return (
    <div className={isOwn ? `${styles.group} ${styles.own}` : styles.group}>
      {!isOwn && <Avatar name={userId} shape="person" size="small" />}
      <div className={styles.lines}>
        <p className={isOwn ? 'visually-hidden' : `${styles.speaker} ${hueClass(userId)}`}>{isOwn ? 'You' : userId}</p>
        {lines.map((line) => (
          <Bubble key={line.key} line={line} retry={model.retry} discard={model.discard} />
        ))}
      </div>
    </div>
  )
}

type BubbleProps = { readonly line: Line } & Pick<RoomModel, 'retry' | 'discard'>

/** Remembered: a long conversation changes by one line at a time. */
const Bubble = memo(function Bubble({ line, retry, discard }: BubbleProps) {
  const { delivery, text, timestamp } = line
  return (
    <div className={styles.entry} data-delivery={delivery.kind}>
      <div className={styles.bubble}>
        <span className={styles.text}>
          <Linked text={text} />
        </span>
        <span className={styles.meta}>
          <time dateTime={new Date(timestamp).toISOString()} title={fullTime(timestamp)}>
            {clockTime(timestamp)}
          </time>
          <Mark line={line} />
        </span>
      </div>
      {delivery.kind === 'failed' && (
        <div className={styles.failure} role="alert">
          <span>Not sent: {failure(delivery.code, delivery.message)}</span>
          <button type="button" onClick={() => retry(delivery.clientMessageId)}>
            Try again
          </button>
          <button type="button" onClick={() => discard(delivery.clientMessageId)}>
            Delete
          </button>
        </div>
      )}
    </div>
  )
})

/** How far one's own message has come; others' have arrived. */
function Mark({ line }: { readonly line: Line }) {
  switch (line.delivery.kind) {
    case 'sending':
      return (
        <>
          <Icon name="clock" size={13} />
          <span className="visually-hidden">Sending</span>
        </>
      )
    case 'failed':
      return <Icon name="alert" size={13} />
    case 'sent':
      return (
        <span className={styles.sent}>
          <Icon name="check" size={13} />
          <span className="visually-hidden">Sent</span>
        </span>
      )
  }
}
