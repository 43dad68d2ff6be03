"""What a client of Python's fastmcp finds at an endpoint: one line of JSON.

python fastmcp_client.py URL SPACE_ID, with the token in HS_TOKEN.
"""
import asyncio
import json
import os
import sys

from fastmcp import Client
from fastmcp.client.auth import BearerAuth
from fastmcp.exceptions import ToolError


async def main(url: str, space_id: str) -> None:
    async with Client(url, auth=BearerAuth(os.environ["HS_TOKEN"])) as client:
        tools = await client.list_tools()
        proposal = {
            "space_id": space_id,
            "name": "From Python",
            "kind": "scheduled",
            "config": {"cron": "0 9 * * MON", "channel": "general"},
            "note": "Asked for in the stand-up.",
        }
        proposed = (await client.call_tool("propose_automation", proposal)).structured_content
        waiting = {"space_id": space_id, "automation_id": proposed["automation_id"], "digest": proposed["digest"]}
        decision = (await client.call_tool("wait_for_decision", {**waiting, "wait_seconds": 0})).structured_content
        try:
            await client.call_tool("get_kind", {})
            refusal = ""
        except ToolError as error:
            refusal = str(error)
        uri = f"hyperspeed://spaces/{space_id}/automations/{proposed['automation_id']}"
        [resource] = await client.read_resource(uri)
        prompts = await client.list_prompts()
        print(
            json.dumps(
                {
                    "tools": [tool.name for tool in tools],
                    "proposed": proposed,
                    "decision": decision,
                    "refusal": refusal,
                    "resource": json.loads(resource.text),
                    "prompts": [prompt.name for prompt in prompts],
                }
            )
        )


asyncio.run(main(*sys.argv[1:]))
