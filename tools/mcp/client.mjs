// Calls every tool of every profile with the official TypeScript client, which holds
// each structured answer against the schema that the tool gives of it.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [how, url, program] = process.argv.slice(2);
const profiles = ["core", "memory", "governance", "ops", "full", "ai-memory", "mcp-memory", "memory-tool"];

async function connect(profile) {
  const client = new Client({ name: "conformance", version: "1" });
  const transport =
    how === "http"
      ? new StreamableHTTPClientTransport(new URL(url + "/mcp?profile=" + profile), { requestInit: { headers: { "X-Agent-Id": "ts" } } })
      : new StdioClientTransport({
          command: program,
          args: ["--agent", "ts", "--server", url, "mcp", "--no-start", "--profile", profile, "--project", "conformance"],
        });
  await client.connect(transport);
  return client;
}

// What a tool needs, by the names of its parameters.
function values(ids) {
  return {
    id: ids[0], ids: [ids[1]], source_id: ids[0], target_id: ids[1], memory_id: ids[0], source_memory_id: ids[0], target_agent_id: "bob",
    title: "Note " + Math.random(), content: "text", summary: "text", namespace: "conformance", context: "gate", query: "gate", q: "gate",
    intent: "find", family: "core", alias: "acme", canonical_name: "Acme " + Math.random(), relation: "related_to", name: "x", payload: "hello",
    host_session_id: "s", host_turn_index: 0, role: "user", agent_id: "ts", agent_type: "ai:test", entities: [], relations: [], observations: [],
    entityNames: [], deletions: [], names: [], topic: "gate", decision: "approve", memories: [], command: "view",
  };
}

let called = 0, answered = 0, version = "";
for (const profile of profiles) {
  const client = await connect(profile);
  version = client.transport?.protocolVersion ?? version;
  const { tools } = await client.listTools();
  const store = tools.find((t) => ["remember", "memory_store"].includes(t.name));
  const ids = [];
  for (let i = 0; store && i < 2; i++) {
    const kept = await client.callTool({ name: store.name, arguments: { title: "Gate " + Math.random(), content: "It is 4711." } });
    ids.push(kept.structuredContent.id);
  }
  const known = values(ids);
  for (const tool of tools) {
    if (tool.name === "node_repair") continue; // there is no other member
    const args = {};
    for (const name of tool.inputSchema.required ?? []) args[name] = known[name] ?? "x";
    const result = await client.callTool({ name: tool.name, arguments: args }).catch((err) => {
      throw new Error(profile + " " + tool.name + ": " + err.message);
    });
    if (!result.content?.length || !result.structuredContent) throw new Error(tool.name + " gives nothing");
    called++;
    if (!result.isError) answered++;
  }
  const prompts = (await client.listPrompts()).prompts.length;
  const templates = (await client.listResourceTemplates()).resourceTemplates.length;
  const briefing = await client.readResource({ uri: "briefing://conformance" });
  if (prompts !== 3 || templates !== 3 || !briefing.contents[0].text) throw new Error(profile + ": prompts or resources are missing");
  await client.close();
}
console.log(`ok    ${called} calls, ${answered} answered without an error${version ? ", revision " + version : ""}`);
