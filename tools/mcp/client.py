"""Calls every tool of every profile with the official Python client."""

import asyncio
import random
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client

how, url, program = sys.argv[1:4]
PROFILES = ["core", "memory", "governance", "ops", "full", "ai-memory", "mcp-memory", "memory-tool"]


def transport(profile):
    if how == "http":
        return streamablehttp_client(url + "/mcp?profile=" + profile, headers={"X-Agent-Id": "py"})
    args = ["--agent", "py", "--server", url, "mcp", "--no-start", "--profile", profile, "--project", "conformance"]
    return stdio_client(StdioServerParameters(command=program, args=args))


def values(ids):
    return {
        "id": ids[0], "ids": [ids[1]], "source_id": ids[0], "target_id": ids[1], "memory_id": ids[0], "source_memory_id": ids[0],
        "target_agent_id": "bob", "title": f"Note {random.random()}", "content": "text", "summary": "text", "namespace": "conformance",
        "context": "gate", "query": "gate", "intent": "find", "family": "core", "alias": "acme", "canonical_name": f"Acme {random.random()}",
        "relation": "related_to", "payload": "hello", "host_session_id": "s", "host_turn_index": 1, "role": "user", "agent_id": "py",
        "agent_type": "ai:test", "entities": [], "relations": [], "observations": [], "entityNames": [], "deletions": [], "names": [],
        "topic": "gate", "decision": "approve", "memories": [], "command": "view",
    }


async def main():
    called = answered = 0
    version = ""
    for profile in PROFILES:
        async with transport(profile) as streams, ClientSession(streams[0], streams[1]) as session:
            version = (await session.initialize()).protocolVersion
            tools = (await session.list_tools()).tools
            store = next((t for t in tools if t.name in ("remember", "memory_store")), None)
            ids = ["none", "none"]
            if store:
                for i in range(2):
                    kept = await session.call_tool(store.name, {"title": f"Gate {random.random()}", "content": "It is 4711."})
                    ids[i] = kept.structuredContent["id"]
            known = values(ids)
            for tool in tools:
                if tool.name == "node_repair":  # there is no other member
                    continue
                args = {name: known.get(name, "x") for name in tool.inputSchema.get("required", [])}
                result = await session.call_tool(tool.name, args)
                assert result.content and result.structuredContent, tool.name + " gives nothing"
                called += 1
                answered += not result.isError
            assert len((await session.list_prompts()).prompts) == 3
            assert len((await session.list_resource_templates()).resourceTemplates) == 3
            briefing = await session.read_resource("briefing://conformance")
            assert briefing.contents[0].text
    print(f"ok    {called} calls, {answered} answered without an error, revision {version}")


asyncio.run(main())
