import { useState } from 'react'

type CopyProps = {
  text: string
  /** What it is, for whoever hears the button without seeing what is beside it. */
  what: string
}

/** Copies a text, and says whether that worked. */
export function Copy({ text, what }: CopyProps) {
  const [said, setSaid] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
    } catch {
      // Browsers refuse it where the page has no focus, or is not served over HTTPS.
      setSaid('The browser does not allow it: select the text instead')
    }
  }
  return (
    <span className="copy">
      <button type="button" className="small" onClick={copy}>
        Copy<span className="hidden"> {what}</span>
      </button>{' '}
      <span role="status" className="quiet">
        {said}
      </span>
    </span>
  )
}

/** A line to copy: an address, a command or a token. */
export function Copyable({ text, what }: CopyProps) {
  return (
    <div className="copyable">
      <code className="json">{text}</code> <Copy text={text} what={what} />
    </div>
  )
}
