// Reads the AsyncAPI documents that are named and writes what the official parser says of each, a line of JSON.
import { readFileSync } from "node:fs";
import asyncapi from "@asyncapi/parser";

for (const source of process.argv.slice(2)) {
  const { document, diagnostics } = await new asyncapi.Parser().parse(readFileSync(source, "utf8"), { source });
  const errors = diagnostics.filter(({ severity }) => severity === 0);
  const messages = document?.messages().all() ?? [];
  const verdict = {
    accepted: document !== undefined,
    errors: errors.map(({ message, path }) => `${path.join(".")}: ${message}`),
    channels: document?.channels().all().map((channel) => channel.address()) ?? [],
    payloads: Object.fromEntries(messages.map((one) => [one.name(), Object.keys(one.payload()?.properties() ?? {})])),
    headers: Object.fromEntries(messages.map((one) => [one.name(), Object.keys(one.headers()?.properties() ?? {})])),
  };
  console.log(JSON.stringify(verdict));
}
