/** A space of an organization. Queries take it whole, so that none forgets the organization. */
export type Space = { organizationId: string; id: string }
