import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useKeys } from '../keys.ts'
import { automationQuery, type Place } from '../queries.ts'
import { Value } from './Changes.tsx'
import { Loaded } from './Loaded.tsx'

/** All of a content, also what does not change; folded until somebody asks for it. */
export function Whole({ place, digest }: { place: Place; digest: string }) {
  const [isOpen, setOpen] = useState(false)
  useKeys({ c: () => setOpen((before) => !before) })
  return (
    <details className="whole" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        The whole config <kbd>c</kbd>
      </summary>
      {isOpen && <Config place={place} digest={digest} />}
    </details>
  )
}

function Config({ place, digest }: { place: Place; digest: string }) {
  const found = useQuery(automationQuery(place))
  return (
    <Loaded query={found}>
      {(automation) => {
        const content = [automation.pending_revision, automation].find((each) => each?.digest === digest)
        return content ? <Value value={content.config} isWhole /> : <p className="quiet">It has been changed since.</p>
      }}
    </Loaded>
  )
}
