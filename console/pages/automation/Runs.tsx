import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Problem } from '../../parts/Problem.tsx'
import { RunStrip, summaryOf } from '../../parts/RunStrip.tsx'
import { RunTable } from '../../parts/RunTable.tsx'
import { type Place, runsQuery } from '../../queries.ts'

/** So many are listed until somebody asks for the others. */
const FEW = 15

/** The last runs of an automation: how they ended at a glance, and each with its link. */
export function Runs({ place }: { place: Place }) {
  const runs = useQuery(runsQuery(place))
  const [isAll, setAll] = useState(false)
  const all = runs.data ?? []
  return (
    <section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      {runs.isError && <Problem error={runs.error} retry={() => runs.refetch()} />}
      {runs.data?.length === 0 && <p className="quiet">It has not run yet. Once it has, each run stands here.</p>}
      {all.length > 0 && (
        <>
          <p className="quiet">{summaryOf(all)}. The higher a bar, the longer it took.</p>
          <RunStrip runs={all} />
          <RunTable runs={isAll ? all : all.slice(0, FEW)} placeOf={() => place} />
          {!isAll && all.length > FEW && (
            <button type="button" onClick={() => setAll(true)}>
              Show all {all.length}
            </button>
          )}
        </>
      )}
    </section>
  )
}
