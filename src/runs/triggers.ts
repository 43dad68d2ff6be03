/** What a run says set it off, by who starts it: one of the sources of its kind, or a person. */
export const TRIGGERS = {
  clock: 'schedule',
  intake: 'webhook',
  sessions: 'tunnel',
  person: 'manual',
  retry: 'retry',
} as const
