/** A sentence of the API's document: what stands between backticks is code. */
export function Coded({ text }: { text: string }) {
  // Every second piece stands between two backticks, and a place in the sentence is all that tells pieces apart.
  return text.split('`').map((piece, at) => {
    const key = `${at} ${piece}`
    return at % 2 === 1 ? <code key={key}>{piece}</code> : <span key={key}>{piece}</span>
  })
}
