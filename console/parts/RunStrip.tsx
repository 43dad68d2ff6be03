import type { Run } from '../api.d.ts'
import { between } from '../text/duration.ts'
import { countOf } from '../text/sizes.ts'

const BAR = 8
const GAP = 2
const HEIGHT = 48
const LEAST_HEIGHT = 6

/**
 * Runs as bars, the latest on the right: the longer one took, the higher its bar, by the logarithm, and its colour says how it ended. Who
 * does not see it reads how many ended how; a table of them stands beside it.
 */
export function RunStrip({ runs }: { runs: readonly Run[] }) {
  const shown = runs.toReversed()
  const longest = Math.max(...shown.map(secondsOf), 1)
  const width = Math.max(shown.length * (BAR + GAP), BAR)
  return (
    <svg className="strip" viewBox={`0 0 ${width} ${HEIGHT}`} height={HEIGHT} role="img" aria-label={summaryOf(runs)}>
      {shown.map((run, i) => {
        const height = LEAST_HEIGHT + ((HEIGHT - LEAST_HEIGHT) * Math.log1p(secondsOf(run))) / Math.log1p(longest)
        return (
          <rect key={run.id} className={run.status} x={i * (BAR + GAP)} y={HEIGHT - height} width={BAR} height={height}>
            <title>{`${run.status}, ${run.created_at}`}</title>
          </rect>
        )
      })}
    </svg>
  )
}

/** How long a run took, in seconds: from its latest beginning to its end. */
function secondsOf({ started_at: started, finished_at: finished }: Run): number {
  return started === null || finished === null ? 0 : between(started, finished) / 1000
}

/** How many runs ended how. */
export function summaryOf(runs: readonly Run[]): string {
  const counts = Map.groupBy(runs, ({ status }) => status)
  const parts = [...counts].map(([status, each]) => `${each.length} ${status}`)
  return `The last ${countOf(runs.length, 'run')}: ${parts.join(', ')}`
}
