import { type ReactNode, useId } from 'react'
import type { AutomationKind, AutomationPolicy } from '../../api.d.ts'
import { useKinds } from '../../organization-queries.ts'
import { worded } from '../../parts/Filters.tsx'

type Setting = keyof AutomationPolicy
type Value = AutomationPolicy[Setting]

/** What somebody wants settings to be, and what each was when they began. */
export type Draft = { [S in Setting]?: { value: Value; before: Value } }

const RULES = [
  [
    'require_digest_on_approval',
    'Approvals name what was seen',
    'Whoever approves must say which content they saw, also where it was never edited. The console always does; this holds for programs, too.',
  ],
  [
    'approver_must_differ_from_editor',
    'Four eyes',
    'Whoever wrote a part of it, or set a secret for it, can’t be the one who lets it run.',
  ],
  [
    'require_whole_config',
    'Nothing unfinished becomes active',
    'Otherwise it may be active with problems, and runs once they are gone.',
  ],
] as const
const COUNTS = [
  [
    'max_pending_per_service_account',
    'Proposals of one AI that may wait at a time',
    'Beyond that, its proposals are refused until people have decided on some.',
    0,
    10_000,
  ],
  [
    'proposal_expires_after_days',
    'Days until a proposal expires',
    'What nobody has decided on by then is rejected by itself.',
    1,
    3650,
  ],
] as const

type FieldsProps = { policy: AutomationPolicy; draft: Draft; onDraft: (draft: Draft) => void }

/** All that a policy says, to change. */
export function Fields({ policy, draft, onDraft }: FieldsProps) {
  const now = <S extends Setting>(name: S) => (draft[name]?.value ?? policy[name]) as AutomationPolicy[S]
  const set = (name: Setting, value: Value) => {
    const { [name]: old, ...others } = draft
    const isAsBefore = isSame(value, policy[name])
    onDraft(isAsBefore ? others : { ...others, [name]: { value, before: old?.before ?? policy[name] } })
  }
  const meanwhile = (name: Setting) => <Meanwhile name={name} policy={policy} draft={draft} />
  return (
    <>
      {RULES.map(([name, label, help]) => (
        <Rule key={name} label={label} help={help} value={now(name)} onChange={(value) => set(name, value)}>
          {meanwhile(name)}
        </Rule>
      ))}
      {COUNTS.map(([name, label, help, ...range]) => (
        <Count
          key={name}
          label={label}
          help={help}
          range={range}
          value={now(name)}
          onChange={(value) => set(name, value)}
        >
          {meanwhile(name)}
        </Count>
      ))}
      <Kinds chosen={now(KINDS)} onChoose={(kinds) => set(KINDS, kinds)}>
        {meanwhile(KINDS)}
      </Kinds>
    </>
  )
}

type FieldProps<T> = { label: string; help: string; value: T; onChange: (value: T) => void; children: ReactNode }

function Rule({ label, help, value, onChange, children }: FieldProps<boolean>) {
  const id = useId()
  return (
    <div className="setting">
      <label className="check">
        <input
          type="checkbox"
          checked={value}
          aria-describedby={id}
          onChange={({ target }) => onChange(target.checked)}
        />{' '}
        {label}
      </label>
      <p id={id} className="quiet">
        {help}
      </p>
      {children}
    </div>
  )
}

type CountProps = FieldProps<number> & { range: readonly [number, number] }

/** An empty field is no number, and is not sent: the browser asks for one first. */
function Count({ label, help, range: [min, max], value, onChange, children }: CountProps) {
  const id = useId()
  return (
    <div className="setting">
      <label htmlFor={`${id}field`}>{label}</label>{' '}
      <input
        id={`${id}field`}
        type="number"
        required
        min={min}
        max={max}
        value={Number.isNaN(value) ? '' : value}
        aria-describedby={id}
        onChange={({ target }) => onChange(target.valueAsNumber)}
      />
      <p id={id} className="quiet">
        {help}
      </p>
      {children}
    </div>
  )
}

const KINDS = 'kinds_allowed_for_service_accounts'

type KindsProps = {
  chosen: readonly AutomationKind[]
  onChoose: (kinds: AutomationKind[]) => void
  children: ReactNode
}

/** Every kind that the server has, whatever they are called. */
function Kinds({ chosen, onChoose, children }: KindsProps) {
  const kinds = [...new Set([...useKinds(), ...chosen])]
  const after = (kind: AutomationKind, isAllowed: boolean) =>
    kinds.filter((each) => (each === kind ? isAllowed : chosen.includes(each)))
  return (
    <fieldset className="setting">
      <legend>AI staff may propose</legend>
      {kinds.map((kind) => (
        <label key={kind} className="check">
          <input
            type="checkbox"
            checked={chosen.includes(kind)}
            onChange={({ target }) => onChoose(after(kind, target.checked))}
          />{' '}
          {worded(kind)}
        </label>
      ))}
      <p className="quiet">Of other kinds, their proposals are refused. People may make any.</p>
      {children}
    </fieldset>
  )
}

/** Tells of a setting that somebody else has set since this reader began to change it. */
function Meanwhile({ name, policy, draft }: { name: Setting; policy: AutomationPolicy; draft: Draft }) {
  const mine = draft[name]
  if (mine === undefined || isSame(mine.before, policy[name])) return null
  return (
    <p className="odd" role="status">
      Somebody else has set this to {said(policy[name])} meanwhile. If you save, yours holds.
    </p>
  )
}

function said(value: Value): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return Array.isArray(value) ? value.map(worded).join(', ') || 'nothing' : String(value)
}

function isSame(one: Value, other: Value): boolean {
  const asText = (value: Value) => JSON.stringify(Array.isArray(value) ? [...value].sort() : value)
  return asText(one) === asText(other)
}
