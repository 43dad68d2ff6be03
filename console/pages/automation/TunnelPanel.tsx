import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Tunnel, TunnelAgent } from '../../api.d.ts'
import { tunnelQuery } from '../../automation-queries.ts'
import { Copyable } from '../../parts/Copy.tsx'
import { Loaded } from '../../parts/Loaded.tsx'
import { Shown } from '../../parts/Shown.tsx'
import { Ago } from '../../parts/Time.tsx'
import type { Place } from '../../queries.ts'
import { bytesOf, countOf } from '../../text/sizes.ts'
import { TunnelTokens } from './TunnelTokens.tsx'

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
            <TunnelTokens place={place} tunnel={tunnel} access={access} />
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
          <Agent key={agent.id} agent={agent} />
        ))}
      </tbody>
    </table>
  )
}

function Agent({ agent }: { agent: TunnelAgent }) {
  return (
    <tr>
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
      <td data-label="Round trip">{agent.round_trip_ms === null ? '–' : `${agent.round_trip_ms.toFixed(1)} ms`}</td>
      <td data-label="Service">
        <Health of={agent} />
      </td>
    </tr>
  )
}

function Health({ of: { is_healthy: isHealthy, health_status: status } }: { of: TunnelAgent }) {
  if (isHealthy === null) return <span className="quiet">not checked</span>
  const said = status === null ? 'no answer' : `answers ${status}`
  return <span className={`badge ${isHealthy ? 'good' : 'bad'}`}>{said}</span>
}
