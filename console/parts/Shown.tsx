import { Fragment } from 'react'
import { foreignHosts } from '../text/hosts.ts'
import { piecesOf } from '../text/marks.ts'

/** Beyond this, a text is shown in parts: a page of a megabyte helps nobody, and what is left out is said. */
const MAX_SHOWN = 20_000

/**
 * A text that somebody else wrote: as it is, with a mark for each character that would not be seen, and with hosts of other alphabets as
 * they are asked for.
 */
export function Shown({ text }: { text: string }) {
  const shown = text.length > MAX_SHOWN ? text.slice(0, MAX_SHOWN) : text
  return (
    <span className="shown">
      <Marked text={shown} />
      {shown.length < text.length && (
        <span className="cut"> … and {(text.length - shown.length).toLocaleString()} characters more</span>
      )}
      {foreignHosts(shown).map(({ written, ascii }) => (
        <span key={written} className="host" title={`${written} is asked for as this`}>
          {ascii}
        </span>
      ))}
    </span>
  )
}

/** The same without hosts, for a piece of a text. */
export function Marked({ text }: { text: string }) {
  return piecesOf(text).map((piece) =>
    'mark' in piece ? (
      <span key={piece.at} className="mark" role="img" aria-label={piece.name} title={`${piece.name}, ${piece.mark}`}>
        {piece.mark}
      </span>
    ) : (
      <Fragment key={piece.at}>{piece.text}</Fragment>
    ),
  )
}
