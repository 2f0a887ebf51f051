// Counts what the tools of each profile cost in a prompt, with a published tokenizer.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { getEncoding } from "js-tiktoken";

const url = process.argv[2];
const encoding = getEncoding("o200k_base");
for (const profile of ["core", "memory", "governance", "ops", "full", "ai-memory", "mcp-memory", "memory-tool"]) {
  const client = new Client({ name: "tokens", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url + "/mcp?profile=" + profile)));
  const { tools } = await client.listTools();
  const text = JSON.stringify(tools);
  const bytes = Math.ceil(Buffer.byteLength(text) / 4), counted = encoding.encode(text).length;
  console.log(`${profile}: ${tools.length} tools, ${counted} tokens (o200k_base), ${bytes} at 4 bytes each`);
  if (profile === "core" && Math.max(bytes, counted) >= 1500) process.exitCode = 1;
  await client.close();
}
