import { Fragment, useMemo, useState } from 'react'
import { foreignHosts } from '../text/hosts.ts'
import { piecesOf } from '../text/marks.ts'

/** Beyond this, a text that nobody decides on is shown once somebody asks for it. */
const MAX_SHOWN = 20_000
/** So many marks are drawn as such in one text: those of a text that is made of nothing else stand in it as they are called. */
const MAX_MARKS = 1000

type ShownProps = {
  text: string
  /** Whether all of it is there from the beginning, however long it is. */
  isWhole?: boolean | undefined
}

/**
 * A text that somebody else wrote: as it is, with a mark for each character that would not be seen, and with hosts of other alphabets as
 * they are asked for.
 */
export function Shown({ text, isWhole = false }: ShownProps) {
  const [isAsked, setAsked] = useState(false)
  const shown = isWhole || isAsked || text.length <= MAX_SHOWN ? text : text.slice(0, MAX_SHOWN)
  return (
    <span className="shown">
      <Marked text={shown} />
      {shown.length < text.length && (
        <button type="button" className="small" onClick={() => setAsked(true)}>
          … and {(text.length - shown.length).toLocaleString()} characters more
        </button>
      )}
      <Hosts of={shown} />
    </span>
  )
}

/** What hosts of other alphabets in a text are asked for as. */
export function Hosts({ of: text }: { of: string }) {
  const hosts = useMemo(() => foreignHosts(text), [text])
  return hosts.map(({ written, ascii }) => (
    <span key={written} className="host" title={`${written} is asked for as this`}>
      {ascii}
    </span>
  ))
}

/** The same without hosts, for a piece of a text. */
export function Marked({ text }: { text: string }) {
  const pieces = useMemo(() => piecesOf(text), [text])
  if (pieces.length > 2 * MAX_MARKS)
    return pieces.map((piece) => ('mark' in piece ? `[${piece.mark}]` : piece.text)).join('')
  return pieces.map((piece) =>
    'mark' in piece ? (
      <span key={piece.at} className="mark" role="img" aria-label={piece.name} title={`${piece.name}, ${piece.mark}`}>
        {piece.mark}
      </span>
    ) : (
      <Fragment key={piece.at}>{piece.text}</Fragment>
    ),
  )
}
