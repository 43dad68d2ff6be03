import type { ReactNode } from 'react'

/** What lists can be narrowed by. Each choice is in the address. */
export function Filters({ children }: { children: ReactNode }) {
  return (
    <form className="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      {children}
    </form>
  )
}

type ChoiceProps<T extends string> = {
  label: string
  value: T | undefined
  choices: readonly (readonly [T, string])[]
  /** What stands for no choice; left out where there has to be one. */
  all?: string
  onChoose: (value: T | undefined) => void
}

/** One of several. What the address names stays to see, also where it is not among them. */
export function Choice<T extends string>({ label, value, choices, all, onChoose }: ChoiceProps<T>) {
  const isKnown = value === undefined || choices.some(([each]) => each === value)
  return (
    <label>
      {label}{' '}
      <select
        value={value ?? ''}
        onChange={({ target }) => onChoose(choices.find(([each]) => each === target.value)?.[0])}
      >
        {all !== undefined && <option value="">{all}</option>}
        {!isKnown && <option value={value}>{value}</option>}
        {choices.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

/** The name of a code of the API, to read. */
export function worded(code: string): string {
  return code.replaceAll('_', ' ')
}
