import { sql } from 'kysely'
import t from 'tap'
import { given, isoTime, jsonObject, orNull, quoted, text } from '../../db/json.ts'
import { emptyDatabase } from '../support/database.ts'

const TEXTS = ['plain', '', '"quoted" \\ and / \t\n\r\b\f', '\u0001\u001f\u007f\u2028', 'üñí 漢字 🚀', "it's", 'null']

t.test('an object that is put together is what to_json writes of a row, byte for byte', async (t) => {
  const { db } = await emptyDatabase(t)
  const written = jsonObject({
    "it's": given(sql`r.n`),
    id: quoted(sql`r.id`),
    at: quoted(isoTime('r.at')),
    text: text(sql`r.text`),
    config: given(sql`r.config`),
    no_id: orNull(quoted(sql`nullif(r.id, r.id)`)),
    no_text: orNull(text(sql`nullif(r.text, r.text)`)),
    maybe: orNull(text(sql`r.text`)),
  })
  const { rows } = await sql<{ written: string; expected: string }>`
    select ${written} as written, to_json(whole)::text as expected
      from (select place::integer as n, text, md5(text)::uuid as id, '{ "b" : 1, "a":[2.50]}'::json as config,
                   timestamptz '2026-11-27 10:00:00.12+02' + place * interval '13 milliseconds' as at
              from unnest(${TEXTS}::text[]) with ordinality given (text, place)) r
     cross join lateral (
       select r.n as "it's", r.id, ${isoTime('r.at')} as at, r.text, r.config, null as no_id, null as no_text, r.text as maybe
     ) whole`.execute(db)
  t.equal(rows.length, TEXTS.length)
  for (const { written, expected } of rows) t.equal(written, expected)
})
