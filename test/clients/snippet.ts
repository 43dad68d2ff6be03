/** The part of a program that docs/clients.md shows: between `docs: begin` and `docs: end`, moved to the left margin. */
export function snippetOf(program: string): string {
  const lines = program.split('\n')
  const [begin, end] = ['docs: begin', 'docs: end'].map((mark) => lines.findIndex((line) => line.includes(mark)))
  const part = lines.slice((begin ?? 0) + 1, end)
  const indent = Math.min(...part.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)))
  return part.map((line) => `${line.slice(indent)}\n`).join('')
}
