/** Opening a room and asking to join one. */

import { type FormEvent, type ReactNode, useState } from 'react'
import { parseRoomReference } from '../state/route'
import type { Session } from '../state/session'
import { asRequestError } from '../transport/errors'
import type { Limits } from '../transport/protocol.gen'
import { Button } from './Button'
import { Field } from './Field'
import styles from './Home.module.css'
import { Icon } from './Icon'
import { type MenuButton, PaneHeader } from './PaneHeader'
import { failure } from './words'

interface HomeProps {
  readonly session: Session
  readonly me: string
  readonly limits: Limits | undefined
  /** What stood for a room's id in the link that led here, and is none. */
  readonly lost: string | undefined
  readonly bar: ReactNode
  readonly menu: MenuButton | undefined
  readonly onOpen: (roomId: string) => void
}

export function Home({ session, me, limits, lost, bar, menu, onOpen }: HomeProps) {
  return (
    <div className={styles.home}>
      <PaneHeader menu={menu} />
      <div className={styles.bar}>{bar}</div>
      <div className={styles.body}>
        <div className={styles.heading}>
          <h1>Hello, {me}</h1>
          <p>Open a room of your own, or ask to join one that somebody shared with you.</p>
        </div>
        {lost !== undefined && (
          <p className={styles.lost} role="alert">
            That link leads to no room: “<bdi>{lost.slice(0, 40)}</bdi>” is no room’s id, which has 12 letters and digits. Check it with
            whoever gave it to you.
          </p>
        )}
        <div className={styles.cards}>
          <CreateRoom session={session} longest={limits?.roomNameMax} onOpen={onOpen} />
          <JoinRoom onOpen={onOpen} />
        </div>
      </div>
    </div>
  )
}

interface CreateRoomProps {
  readonly session: Session
  readonly longest: number | undefined
  readonly onOpen: (roomId: string) => void
}

function CreateRoom({ session, longest, onOpen }: CreateRoomProps) {
  const [name, setName] = useState('')
  const [fault, setFault] = useState<string | undefined>(undefined)
  const [isBusy, setBusy] = useState(false)
  const create = async (): Promise<void> => {
    setBusy(true)
    try {
      onOpen(await session.createRoom(name.trim()))
    } catch (thrown) {
      const { code, message } = asRequestError(thrown)
      setFault(`The room was not opened: ${failure(code, message)}`)
      setBusy(false)
    }
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (isBusy) return
    if (name.trim() === '') setFault('Give the room a name.')
    else void create()
  }
  return (
    <form className={styles.card} onSubmit={submit} noValidate>
      <span className={styles.badge}>
        <Icon name="bubble" size={22} />
      </span>
      <h2>Open a room</h2>
      <p>You decide who comes in.</p>
      <Field
        label="Room name"
        value={name}
        fault={fault}
        maxLength={longest}
        onChange={(event) => setName(event.target.value)}
        placeholder="Weekend plans"
        autoComplete="off"
        enterKeyHint="go"
      />
      <Button type="submit" disabled={isBusy}>
        {isBusy ? 'Opening…' : 'Open room'}
      </Button>
    </form>
  )
}

function JoinRoom({ onOpen }: { readonly onOpen: (roomId: string) => void }) {
  const [reference, setReference] = useState('')
  const [fault, setFault] = useState<string | undefined>(undefined)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const roomId = parseRoomReference(reference)
    if (roomId === undefined) setFault('A room id has 12 letters and digits. You can paste the whole link.')
    else onOpen(roomId)
  }
  return (
    <form className={styles.card} onSubmit={submit} noValidate>
      <span className={styles.badge}>
        <Icon name="key" size={22} />
      </span>
      <h2>Join a room</h2>
      <p>Its admin will see your request at once.</p>
      <Field
        label="Room id or link"
        value={reference}
        fault={fault}
        onChange={(event) => setReference(event.target.value)}
        placeholder="k3v9x0q2m7ab"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        enterKeyHint="go"
      />
      <Button type="submit" look="tinted">
        Find room
      </Button>
    </form>
  )
}
