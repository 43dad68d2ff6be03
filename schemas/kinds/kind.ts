import type { TProperties } from '@sinclair/typebox'
import type { Component } from '../component.ts'

/**
 * What the contract says of a kind. A file each, beside this one; what the document says of all of them is made of these
 * (schemas/automation-kinds.ts), and how a kind behaves stands in its folder under src/kinds/.
 */
export type KindSchema = {
  /** The value of `kind`, in snake_case. */
  name: string
  /** What the names of its components begin with, in PascalCase: `ScheduledAutomation`. */
  title: string
  /** The named component of its config: open, because keys that it does not know are kept. */
  config: Component
  /** What a run that somebody asks for may be given. A name that another kind has too has the very same schema there. */
  input: TProperties
  /** A new automation of it, as the document shows it. */
  example: { name: string; config: Record<string, unknown>; status?: string }
  /** A whole automation of it; the document has one at the least. */
  automationExample?: Record<string, unknown>
}
