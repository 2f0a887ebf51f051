"""Anthropic's memory tool, kept by a Tallystick node.

    tool = TallystickMemory(project="shop", key="...")
    client.beta.messages.run_tools(model=..., messages=[...], tools=[tool], max_tokens=2048)

Needs the package anthropic. Copy it, and change what you like.
"""

import json
import urllib.request
import uuid

from anthropic.lib.tools import BetaAbstractMemoryTool, ToolError


class TallystickMemory(BetaAbstractMemoryTool):
    def __init__(self, project, url="http://127.0.0.1:9077", key=None, agent=None):
        super().__init__()
        self.url = url + "/mcp?profile=memory-tool"
        self.headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-11-25",
            "X-Tally-Project": project,
        }
        if key:
            self.headers["Authorization"] = "Bearer " + key
        if agent:
            self.headers["X-Agent-Id"] = agent

    def execute(self, command):
        arguments = command.model_dump(exclude_none=True)
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "memory", "arguments": arguments}}
        # A call that is repeated under its key is carried out once.
        headers = {**self.headers, "Idempotency-Key": str(uuid.uuid4())}
        request = urllib.request.Request(self.url, json.dumps(call).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read().decode()
        if body.startswith(("event:", "data:", "id:")):
            body = next(line[5:] for line in body.splitlines() if line.startswith("data:") and len(line) > 8)
        reply = json.loads(body)
        if "error" in reply:
            raise ToolError(reply["error"]["message"])
        text = "\n".join(part["text"] for part in reply["result"]["content"])
        if reply["result"].get("isError"):
            raise ToolError(text)
        return text

    view = create = str_replace = insert = delete = rename = execute
