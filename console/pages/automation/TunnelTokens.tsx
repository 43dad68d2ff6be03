import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Tunnel } from '../../api.d.ts'
import { answer, api, BASE } from '../../client.ts'
import { useMay } from '../../organization-queries.ts'
import { Confirm } from '../../parts/Confirm.tsx'
import { Copyable } from '../../parts/Copy.tsx'
import { Once } from '../../parts/Once.tsx'
import { Moment } from '../../parts/Time.tsx'
import { ONE, type Place } from '../../queries.ts'

/** Who shows a token. */
type Side = 'agents' | 'visitors'
type Made = { side: Side; token: string; link?: string }

const NONE = {
  agents: 'Agents have no token yet: none can connect.',
  visitors: 'Visitors have no token yet: nobody comes in.',
} as const
const CUT_OFF = {
  agents:
    'Agents that are connected by the one before are cut off at once. That is also what to do about one that was lost.',
  visitors: 'Visitors who came in by the one before are cut off at once.',
} as const

type TunnelTokensProps = { place: Place; tunnel: Tunnel; access: 'public' | 'token' }

/** How a service is connected, and the tokens of both sides. A new one takes the place of the one before at once. */
export function TunnelTokens({ place, tunnel, access }: TunnelTokensProps) {
  const [made, setMade] = useState<Made>()
  const client = useQueryClient()
  const make = async (side: Side) => {
    setMade({ side, ...(await tokenOf(place, side)) })
    await client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId, 'tunnel'] })
  }
  return (
    <>
      <h3>Connect a service</h3>
      <p>Beside the service, with the token of this tunnel and the address of the service:</p>
      <Command />
      <Token place={place} side="agents" setAt={tunnel.token_set_at} onMake={make} />
      {access === 'token' ? (
        <Token place={place} side="visitors" setAt={tunnel.access_token_set_at} onMake={make} />
      ) : (
        <p className="quiet">Everybody may visit it: its access is public.</p>
      )}
      <Once secret={made?.token} title={`Token of its ${made?.side}`} onClose={() => setMade(undefined)}>
        {made?.link === undefined ? <Command token={made?.token} /> : <VisitorLink link={made.link} />}
      </Once>
    </>
  )
}

/** Makes one: that of visitors comes with a link. */
function tokenOf(place: Place, side: Side): Promise<{ token: string; link?: string }> {
  const params = { path: place }
  if (side === 'agents') return answer(api.POST(`${ONE}/tunnel/token`, { params }))
  return answer(api.POST(`${ONE}/tunnel/access-token`, { params }))
}

type TokenProps = { place: Place; side: Side; setAt: string | null; onMake: (side: Side) => Promise<void> }

function Token({ place, side, setAt, onMake }: TokenProps) {
  const mayWrite = useMay(place.orgId, 'files.write')
  const what = `token for ${side}`
  return (
    <div className="deeds token">
      <span>
        {setAt === null ? (
          NONE[side]
        ) : (
          <>
            The {what} was made <Moment at={setAt} />.
          </>
        )}
      </span>
      {mayWrite === true && (
        <Confirm
          label={setAt === null ? `Make a ${what}` : `New ${what}`}
          title={setAt === null ? `Make a ${what}?` : `Make a new ${what}?`}
          action="Make it"
          onConfirm={() => onMake(side)}
        >
          {setAt === null ? 'It is shown once, and stored as a hash.' : CUT_OFF[side]}
        </Confirm>
      )}
    </div>
  )
}

/** What to start beside the service. Without the token, which is read from where it is kept. */
function Command({ token }: { token?: string | undefined }) {
  const set = token === undefined ? '' : `HYPERSPEED_TUNNEL_TOKEN=${token} `
  const server = `${location.origin}${BASE}`
  return (
    <Copyable text={`${set}npx hyperspeed tunnel --server ${server} --to http://127.0.0.1:3000`} what="the command" />
  )
}

function VisitorLink({ link }: { link: string }) {
  return (
    <>
      <p>Programs send it as the header Tunnel-Access-Token. People open this link once:</p>
      <Copyable text={link} what="the link" />
    </>
  )
}
