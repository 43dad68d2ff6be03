import { Shown } from './Shown.tsx'

/** A JSON pointer. Where its keys have white space or letters of other alphabets, it stands there a second time, in plain ASCII. */
export function Path({ path }: { path: string }) {
  const plain = path.replaceAll(/[^!-~]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
  return (
    <>
      <code>
        <Shown text={path === '' ? '/' : path} />
      </code>
      {plain !== path && <span className="host">{plain}</span>}
    </>
  )
}
