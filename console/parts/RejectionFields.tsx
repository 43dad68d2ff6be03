import { type RefObject, useId } from 'react'
import type { Draft } from '../review/drafts.ts'

type Words = Pick<Draft, 'reason' | 'code'>
type Props = { draft: Words; field?: RefObject<HTMLTextAreaElement | null>; onChange: (change: Partial<Words>) => void }

/** Why not: for whoever proposed it, and for programs. Ctrl and Enter send it. */
export function RejectionFields({ draft, field, onChange }: Props) {
  const [reason, code] = [useId(), useId()]
  return (
    <>
      <label htmlFor={reason}>Why not</label>
      <textarea
        id={reason}
        ref={field}
        rows={3}
        maxLength={4000}
        value={draft.reason}
        onChange={({ target }) => onChange({ reason: target.value })}
        onKeyDown={({ key, ctrlKey, metaKey, currentTarget }) => {
          if (key === 'Enter' && (ctrlKey || metaKey)) currentTarget.form?.requestSubmit()
        }}
      />
      <label htmlFor={code}>A code, for programs</label>
      <input
        id={code}
        pattern="[a-z][a-z0-9_]*"
        title="Lower-case letters, digits and _, beginning with a letter"
        maxLength={64}
        placeholder="wrong_time"
        value={draft.code}
        onChange={({ target }) => onChange({ code: target.value })}
      />
    </>
  )
}
