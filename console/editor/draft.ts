import { useMemo, useState } from 'react'
import { unmarked, writeJson } from './exact-number.ts'
import { type Reading, readJson } from './json-text.ts'
import { type Content, configText } from './stored.ts'

/** What somebody has typed. Form and JSON are two views of the one config. */
export type Draft = {
  content: Content
  reading: Reading
  /** What was typed as JSON in a field of the form and is none yet, by the pointer of the field. */
  unread: Readonly<Record<string, string>>
  setUnread: (pointer: string, text: string | undefined) => void
  setName: (name: string) => void
  setDescription: (description: string) => void
  /** As JSON, which need not be any yet. */
  setText: (text: string) => void
  setValue: (value: unknown) => void
  replace: (content: Content) => void
}

/** A draft that begins with a content. */
export function useDraft(initial: Content): Draft {
  const [content, replaceContent] = useState(initial)
  // A form knows of members that are not there yet, which JSON can't say: its own value stays until the text is another one.
  const [formed, setFormed] = useState<{ text: string; value: unknown }>()
  const [unread, replaceUnread] = useState<Readonly<Record<string, string>>>({})
  const reading = useMemo(() => readJson(content.config), [content.config])
  const set = (change: Partial<Content>) => replaceContent((before) => ({ ...before, ...change }))
  return {
    content,
    reading: 'value' in reading && formed?.text === content.config ? { ...reading, value: formed.value } : reading,
    unread,
    setUnread: (pointer, text) =>
      replaceUnread(({ [pointer]: _, ...others }) => (text === undefined ? others : { ...others, [pointer]: text })),
    setName: (name) => set({ name }),
    setDescription: (description) => set({ description }),
    setText: (config) => set({ config }),
    setValue: (value) => {
      const text = configText(value)
      setFormed({ text, value })
      set({ config: text })
    },
    replace: (next) => {
      replaceContent(next)
      replaceUnread({})
    },
  }
}

/** Whether two configs say the same, however they are written. What is no JSON is its own text. */
export function isSameConfig(a: string, b: string): boolean {
  return a === b || meaningOf(a) === meaningOf(b)
}

/** Whether two contents say the same. */
export function isSameContent(a: Content, b: Content): boolean {
  return a.name === b.name && a.description === b.description && isSameConfig(a.config, b.config)
}

/** A content as it is compared: what is read of it. */
export function comparable({ name, description, config }: Content): Record<string, unknown> {
  const reading = readJson(config)
  return { name, description, config: 'value' in reading ? unmarked(reading.value) : config }
}

function meaningOf(config: string): string {
  const reading = readJson(config)
  return 'value' in reading ? writeJson(reading.value) : config
}
