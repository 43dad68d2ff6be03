import t from 'tap'
import { type Credential, readCredential, secretsIn, writeCredential } from '../../../src/secrets/credential.ts'

t.test('a credential is read as it was written, and one that was a token alone stays what it was', async (t) => {
  const credentials: Credential[] = [
    { token: 'plain' },
    { token: '{"token":"looks like one"}' },
    { token: '{' },
    { token: 'a', refreshToken: 'b' },
    { token: '{"a":1}', refreshToken: 'b', clientId: 'c', clientSecret: 'd' },
  ]
  for (const credential of credentials) {
    const read = readCredential(writeCredential(credential))
    t.same(JSON.parse(JSON.stringify(read)), credential)
  }
  t.equal(writeCredential({ token: 'plain' }), 'plain')
  for (const stored of ['{', '{}', '{"token":1}', '{"access":"x"}', '[1]'])
    t.equal(readCredential(stored).token, stored, 'a token from before there was more')
  t.same(secretsIn({ token: 'a', clientId: 'b', clientSecret: 'c' }), ['a', 'c'])
})
