import { BASE } from '../client.ts'
import { Copyable } from './Copy.tsx'

type ConnectProps = {
  /** The token where it is known, which is once; else what stands for it. */
  token?: string | undefined
}

/** How an AI connects, for the clients that are common. All but the first read the token from where it is kept. */
export function Connect({ token = '$AI_TOKEN' }: ConnectProps) {
  const server = `${location.origin}${BASE}`
  const address = `${server}/mcp`
  const config = (authorization: string, type?: string) =>
    JSON.stringify(
      {
        mcpServers: { hyperspeed: { ...(type && { type }), url: address, headers: { Authorization: authorization } } },
      },
      null,
      2,
    )
  return (
    <div className="connect">
      <details open>
        <summary>Claude Code</summary>
        <Copyable
          text={`claude mcp add --transport http hyperspeed ${address} --header "Authorization: Bearer ${token}"`}
          what="the command for Claude Code"
        />
      </details>
      <details>
        <summary>Cursor, in .cursor/mcp.json</summary>
        <Copyable text={config(`Bearer \${env:AI_TOKEN}`)} what="the file for Cursor" />
      </details>
      <details>
        <summary>Other clients, as JSON</summary>
        <p className="quiet">
          Streamable HTTP, with the token as a header. Most clients take this, or ask for its parts.
        </p>
        <Copyable text={config(`Bearer ${token}`, 'http')} what="the config" />
      </details>
      <details>
        <summary>Programs, with curl</summary>
        <p className="quiet">This says who the token is of. Everything else is in the documentation of the API.</p>
        <Copyable text={`curl -s "${server}/api/v1/me" -H "Authorization: Bearer ${token}"`} what="the command" />
      </details>
    </div>
  )
}
