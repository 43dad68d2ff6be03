import { useId } from 'react'
import { Changes } from '../parts/Changes.tsx'
import { changesBetween } from '../text/changes.ts'
import { comparable } from './draft.ts'
import type { Content } from './stored.ts'

const NOTHING: ReadonlySet<string> = new Set()

type ConflictProps = {
  /** What it was when editing began. */
  before: Content
  theirs: Content
  ours: Content
  onTake: (side: 'theirs' | 'ours') => void
}

/** Somebody else changed it meanwhile: what they changed, how that differs from what was typed, and a choice. Nothing is sent by it. */
export function Conflict({ before, theirs, ours, onTake }: ConflictProps) {
  const id = useId()
  return (
    <section className="notice" aria-labelledby={id}>
      <div role="alert">
        <h2 id={id}>It was changed while you edited</h2>
      </div>
      <h3>What they changed</h3>
      <Changes changes={changesBetween(comparable(before), comparable(theirs))} marked={NOTHING} />
      <h3>What saving yours would change of theirs</h3>
      <Changes changes={changesBetween(comparable(theirs), comparable(ours))} marked={NOTHING} />
      <div className="deeds">
        <button type="button" onClick={() => onTake('theirs')}>
          Take theirs, and lose mine
        </button>
        <button type="button" onClick={() => onTake('ours')}>
          Keep mine, to replace theirs
        </button>
      </div>
      <p className="quiet">Nothing is saved before you press “Save”.</p>
    </section>
  )
}
