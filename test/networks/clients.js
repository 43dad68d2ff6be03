// Posts with the clients that others made for networks: what these can post to is a fair copy of them.
//   node clients.js x|mastodon BASE TOKEN TEXT
import { Client } from '@xdevplatform/xdk'
import { createRestAPIClient } from 'masto'

const [network, base = '', token = '', text = ''] = process.argv.slice(2)
if (network === 'x') {
  const client = new Client({ baseUrl: base, accessToken: token })
  const { data } = await client.posts.create({ text })
  console.log(data.id)
} else {
  const client = createRestAPIClient({ url: base, accessToken: token })
  const { id } = await client.v1.statuses.create({ status: text }, { headers: { 'Idempotency-Key': 'of a client' } })
  console.log(id)
}
