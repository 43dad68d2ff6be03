import { queryOptions } from '@tanstack/react-query'
import type { Automation } from '../api.d.ts'
import { Away, answer, api } from '../client.ts'
import { ONE, type Place } from '../queries.ts'
import { writeJson } from './exact-number.ts'
import { readJson } from './json-text.ts'

/** What of an automation is edited; its config as JSON, with every number as it is stored. */
export type Content = { name: string; description: string; config: string }

/** An automation as it is stored. */
export type Stored = { automation: Automation; content: Content }

const INDENT = 2

/** A config as it is shown. */
export function configText(config: unknown): string {
  return writeJson(config, INDENT)
}

/** One automation with its numbers as they are stored, which what is shown elsewhere need not have. */
export function storedQuery(place: Place) {
  return queryOptions({
    queryKey: [place.orgId, 'automation', place.automationId, 'stored'],
    queryFn: async ({ signal }): Promise<Stored> => {
      const text = await answer(api.GET(ONE, { params: { path: place }, parseAs: 'text', signal }))
      const read = readJson(text)
      if ('fault' in read) throw new Away('Something else answered.')
      const { automation } = read.value as { automation: Automation }
      const { name, description, config } = automation
      return { automation, content: { name, description: description ?? '', config: configText(config) } }
    },
  })
}
