import { progress } from './report.ts'

/**
 * Measures each subject in turn, several rounds over, so that a machine that slows down slows all of them. Tells of each on the way.
 *
 * @param suite begins each line of progress.
 * @param show what is said of a figure.
 * @param after is done after each figure.
 * @returns the figures of each, a round each, by its name.
 */
export async function measureInRounds<F>(
  suite: string,
  rounds: number,
  subjects: readonly { name: string; measure: () => Promise<F> }[],
  show: (measured: F) => string,
  after: () => Promise<void> = async () => {},
): Promise<Map<string, F[]>> {
  const figures = new Map<string, F[]>(subjects.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const { name, measure } of subjects) {
      const measured = await measure()
      figures.get(name)?.push(measured)
      progress(`${suite}: round ${round} of ${rounds}: ${name}: ${show(measured)}`)
      await after()
    }
  }
  return figures
}
