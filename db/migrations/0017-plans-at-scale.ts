import { type Kysely, sql } from 'kysely'

/** What is looked for at every write and every minute is found without a look at what it is not. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  // The invariant of what is active is looked at where a row is active. Whatever leaves one active has written it so last, or has not
  // touched what the invariant is about.
  sql`drop trigger automations_active_is_approved on automations`,
  sql`
    create constraint trigger automations_active_is_approved
      after insert or update of status, revision, approved_digest, reviewed_by_user_id, reviewed_revision
        on automations
      deferrable initially deferred
      for each row when (new.status = 'active') execute function automations_active_is_approved()`,
  sql`
    create index automation_secrets_valid_until_idx on automation_secrets (valid_until)
     where ciphertext is not null and valid_until is not null`,
]
