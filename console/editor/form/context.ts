import { createContext, use } from 'react'

/** What the whole form shares beside the config. */
export type FormState = {
  /** What is wrong, by the JSON pointer of its place. */
  problems: ReadonlyMap<string, readonly string[]>
  /** What was typed as JSON and is none yet, by the pointer of its place. */
  unread: Readonly<Record<string, string>>
  setUnread: (pointer: string, text: string | undefined) => void
}

/** What a field says of itself to what is inside it. */
export type FieldState = {
  pointer: string
  label: string
  /** Ids of what describes it; undefined where nothing does. */
  describedBy: string | undefined
  /** Its description as plain text, for what can't refer to an id. */
  description: string
  isWrong: boolean
  /** Whether the same place follows inside, as one of several schemas. */
  isUnion: boolean
}

export const FormContext = createContext<FormState>({ problems: new Map(), unread: {}, setUnread: () => {} })
export const FieldContext = createContext<FieldState>({
  pointer: '',
  label: '',
  describedBy: undefined,
  description: '',
  isWrong: false,
  isUnion: false,
})

export const useForm = () => use(FormContext)
export const useField = () => use(FieldContext)
