import { Fragment } from 'react'

/** A description out of the API's document, in which backquotes stand around what is code. */
export function Prose({ text }: { text: string }) {
  const parts = text.split('`').map((part, i) => ({ part, key: `${i} ${part}`, isCode: i % 2 === 1 }))
  return parts.map(({ part, key, isCode }) =>
    isCode ? <code key={key}>{part}</code> : <Fragment key={key}>{part}</Fragment>,
  )
}
