/** How much is measured. `quick` is for seeing that a suite works: its figures mean nothing. */
export type Effort = { quick: boolean; rounds: number; seconds: number }

/** One part of the benchmarks. It prints its progress, and returns what it found as Markdown. */
export type Suite = { about: string; run(effort: Effort): Promise<string> }
