import { placesOf } from '../text/pointers.ts'
import { Value } from './Changes.tsx'
import { Copy } from './Copy.tsx'
import { Path } from './Path.tsx'

/** A JSON document to read: a row for each place, and behind a disclosure the whole of it as it is written. */
export function Rows({ of: document, caption }: { of: object; caption: string }) {
  if (Object.keys(document).length === 0) return <p className="quiet">It is empty.</p>
  return (
    <>
      <div className="scroll">
        <table className="rows">
          <caption className="hidden">{caption}</caption>
          <thead>
            <tr>
              <th scope="col">Where</th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {placesOf(document).map(({ path, value }) => (
              <tr key={path}>
                <th scope="row">
                  <Path path={path} />
                </th>
                <td>
                  <Value value={value} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <AsJson of={document} />
    </>
  )
}

/** A document as JSON, behind a disclosure. */
export function AsJson({ of: document }: { of: unknown }) {
  return (
    <details className="whole">
      <summary>As JSON</summary>
      <Copy text={JSON.stringify(document, null, 2)} what="JSON" />
      <div className="block">
        <Value value={document} />
      </div>
    </details>
  )
}
