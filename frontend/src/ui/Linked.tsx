/** A text in which web addresses can be followed. Everything else stays text. */

import { Fragment } from 'react'

/** Only these two schemes are followed. */
const ADDRESS = /(https?:\/\/[^\s<>"']+)/i
const TRAILING = /[.,;:!?)\]}]+$/

export function Linked({ text }: { readonly text: string }) {
  return text.split(new RegExp(ADDRESS, 'gi')).map((part, place) => {
    // The pieces of one text never move.
    const key = `${place}`
    return ADDRESS.test(part) ? <Address key={key} text={part} /> : <Fragment key={key}>{part}</Fragment>
  })
}

function Address({ text }: { readonly text: string }) {
  const address = text.replace(TRAILING, '')
  if (!URL.canParse(address)) return text
  return (
    <>
      <a href={address} target="_blank" rel="noopener noreferrer">
        {address}
      </a>
      {text.slice(address.length)}
    </>
  )
}
