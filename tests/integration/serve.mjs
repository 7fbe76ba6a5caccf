// Starts aimock on a free loopback port with the fixtures of the folder given, prints its address as one line, and
// stops when its standard input closes: so it never outlives the tests that started it, however they end.
//
//     node serve.mjs FIXTURES [API_KEY]
//
// With an API key the server answers 401 to a request without it.

import { LLMock } from "@copilotkit/aimock";

const [fixtures, apiKey] = process.argv.slice(2);
const server = new LLMock({
  host: "127.0.0.1",
  port: 0,
  strict: true, // a request that no fixture matches is answered with an error, not with something plausible
  chunkSize: 8, // characters in a chunk of a stream
  logLevel: "silent",
  ...(apiKey && { auth: { apiKeys: [apiKey] } }),
});
server.loadFixtureDir(fixtures);
process.stdin.resume().on("end", () => process.exit(0));
console.log(await server.start());
