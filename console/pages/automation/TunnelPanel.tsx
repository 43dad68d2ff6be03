import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { Tunnel, TunnelAgent } from '../../api.d.ts'
import { tunnelQuery } from '../../automation-queries.ts'
import { answer, api, BASE } from '../../client.ts'
import { useMay } from '../../organization-queries.ts'
import { Confirm } from '../../parts/Confirm.tsx'
import { Copyable } from '../../parts/Copy.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { Once } from '../../parts/Once.tsx'
import { Shown } from '../../parts/Shown.tsx'
import { Ago, Moment } from '../../parts/Time.tsx'
import { ONE, type Place } from '../../queries.ts'
import { bytesOf, countOf } from '../../text/sizes.ts'

const STATES = {
  connected: ['good', 'connected', ''],
  disconnected: ['bad', 'not connected', 'No agent is connected: visitors get 502.'],
  paused: ['plain', 'closed', 'Nobody comes in, because the automation is not active, or not whole.'],
} as const

/** Where visitors come in, who serves them, and the tokens of both sides. */
export function TunnelPanel({ place, access }: { place: Place; access: 'public' | 'token' }) {
  const found = useQuery(tunnelQuery(place))
  return (
    <section aria-labelledby="tunnel">
      <h2 id="tunnel">Tunnel</h2>
      <Loaded query={found}>
        {(tunnel) => (
          <>
            <Standing place={place} tunnel={tunnel} />
            <Agents agents={tunnel.agents} />
            <Tokens place={place} tunnel={tunnel} access={access} />
          </>
        )}
      </Loaded>
    </section>
  )
}

function Standing({ place, tunnel }: { place: Place; tunnel: Tunnel }) {
  const [tone, name, says] = STATES[tunnel.state]
  return (
    <>
      <Copyable text={tunnel.url} what="the address" />
      <p>
        <span className={`badge ${tone}`}>{name}</span> {says} {countOf(tunnel.requests, 'request')} so far,{' '}
        {bytesOf(tunnel.bytes_in)} in and {bytesOf(tunnel.bytes_out)} out.{' '}
        {tunnel.run_id !== null && (
          <Link to="/$orgId/runs/$spaceId/$automationId/$runId" params={{ ...place, runId: tunnel.run_id }}>
            The run of it
          </Link>
        )}
      </p>
    </>
  )
}

function Agents({ agents }: { agents: readonly TunnelAgent[] }) {
  if (agents.length === 0) return null
  return (
    <table className="cards">
      <caption>{countOf(agents.length, 'agent is', 'agents are')} connected</caption>
      <thead>
        <tr>
          <th scope="col">Agent</th>
          <th scope="col">Leads to</th>
          <th scope="col">Since</th>
          <th scope="col">Sessions</th>
          <th scope="col">Round trip</th>
          <th scope="col">Service</th>
        </tr>
      </thead>
      <tbody>
        {agents.map((agent) => (
          <tr key={agent.id}>
            <th scope="row">
              <Shown text={agent.name ?? agent.id} />{' '}
              <span className="quiet">
                <Shown text={`${agent.version ?? 'of an unknown version'}, from ${agent.address}`} />
              </span>
            </th>
            <td data-label="Leads to">
              <Shown text={agent.target} />
            </td>
            <td data-label="Since">
              <Ago at={agent.connected_at} />
            </td>
            <td data-label="Sessions">
              {agent.sessions} on {countOf(agent.servers, 'server')}
            </td>
            <td data-label="Round trip">
              {agent.round_trip_ms === null ? '–' : `${agent.round_trip_ms.toFixed(1)} ms`}
            </td>
            <td data-label="Service">
              <Health of={agent} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Health({ of: { is_healthy: isHealthy, health_status: status } }: { of: TunnelAgent }) {
  if (isHealthy === null) return <span className="quiet">not checked</span>
  const said = status === null ? 'no answer' : `answers ${status}`
  return <span className={`badge ${isHealthy ? 'good' : 'bad'}`}>{said}</span>
}

type Made = { title: string; token: string; link?: string }

/** Both tokens: people alone make them, and a new one takes the place of the old one at once. */
function Tokens({ place, tunnel, access }: { place: Place; tunnel: Tunnel; access: 'public' | 'token' }) {
  const [made, setMade] = useState<Made>()
  const client = useQueryClient()
  const mayWrite = useMay(place.orgId, 'files.write')
  const make = async (title: string, asked: Promise<{ token: string; link?: string }>) => {
    setMade({ title, ...(await asked) })
    await client.invalidateQueries({ queryKey: [place.orgId, 'automation', place.automationId, 'tunnel'] })
  }
  const agents = () => answer(api.POST(`${ONE}/tunnel/token`, { params: { path: place } }))
  const visitors = () => answer(api.POST(`${ONE}/tunnel/access-token`, { params: { path: place } }))
  return (
    <>
      <h3>Connect a service</h3>
      <p>Beside the service, with the token of this tunnel and the address of the service:</p>
      <Connect token="$HYPERSPEED_TUNNEL_TOKEN" />
      <TokenLine
        setAt={tunnel.token_set_at}
        none="Agents have no token yet: none can connect."
        some="The token of its agents was made"
      >
        {mayWrite && (
          <Again
            isThere={tunnel.token_set_at !== null}
            what="token for agents"
            onMake={() => make('Token of its agents', agents())}
          >
            Agents that are connected by the one before are cut off at once, which also takes a lost token away.
          </Again>
        )}
      </TokenLine>
      {access === 'token' ? (
        <TokenLine
          setAt={tunnel.access_token_set_at}
          none="Visitors have no token yet: nobody comes in."
          some="The token of its visitors was made"
        >
          {mayWrite && (
            <Again
              isThere={tunnel.access_token_set_at !== null}
              what="token for visitors"
              onMake={() => make('Token of its visitors', visitors())}
            >
              Visitors who came in by the one before are cut off at once.
            </Again>
          )}
        </TokenLine>
      ) : (
        <p className="quiet">Everybody may visit it: its access is public.</p>
      )}
      <Once secret={made?.token} title={made?.title ?? ''} onClose={() => setMade(undefined)}>
        {made?.link === undefined ? (
          <Connect token={made?.token ?? ''} />
        ) : (
          <>
            <p>Programs send it as the header Tunnel-Access-Token. People open this link once:</p>
            <Copyable text={made.link} what="the link" />
          </>
        )}
      </Once>
    </>
  )
}

function TokenLine({
  setAt,
  none,
  some,
  children,
}: {
  setAt: string | null
  none: string
  some: string
  children: ReactNode
}) {
  return (
    <p className="deeds">
      <span>
        {setAt === null ? (
          none
        ) : (
          <>
            {some} <Moment at={setAt} />.
          </>
        )}
      </span>
      {children}
    </p>
  )
}

function Again({
  isThere,
  what,
  onMake,
  children,
}: {
  isThere: boolean
  what: string
  onMake: () => Promise<void>
  children: string
}) {
  return (
    <Confirm
      label={isThere ? `New ${what}` : `Make a ${what}`}
      title={isThere ? `Make a new ${what}?` : `Make a ${what}?`}
      action="Make it"
      onConfirm={onMake}
    >
      {isThere ? children : 'It is shown once, and stored as a hash.'}
    </Confirm>
  )
}

/** What to start beside the service. */
function Connect({ token }: { token: string }) {
  const server = `${location.origin}${BASE}`
  const set = token.startsWith('$') ? '' : `HYPERSPEED_TUNNEL_TOKEN=${token} `
  return (
    <Copyable text={`${set}npx hyperspeed tunnel --server ${server} --to http://127.0.0.1:3000`} what="the command" />
  )
}
