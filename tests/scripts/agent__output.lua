-- The parts of an answer, and those of the chunks of a stream.
-- expect: ok
local agent = Agent.create { name = "a", model = "mock", prompt = "Be brief." }
local output = agent:execute { text = "What is 2+2?" }
assert(output.text:find("What is 2+2?", 1, true))
assert(#output.media == 0 and #output.tool_calls == 0 and JSON.stringify(output.media) == "[]")
local meta = output.metadata
assert(meta.model == "mock" and meta.provider == "scripted" and meta.finish_reason == "stop" and meta.turns == 1)
assert(meta.usage.input_tokens > 0 and meta.usage.output_tokens > 0 and meta.duration_ms >= 0)

local caps = agent:capabilities()
assert(caps.streaming and agent:supports_streaming() == true and caps.tools and caps.input_modalities[1] == "text")

local texts, index = {}, 0
local stream = agent:stream_execute("Count to 5")
for chunk in stream do
  assert(chunk.chunk_index == index and chunk.stream_id == "stream-1" and chunk.timestamp > 1.7e9)
  assert(chunk.metadata.agent == "a")
  index = index + 1
  if chunk.content.type == "text" then texts[#texts + 1] = chunk.content.text end
  if index == 1 then assert(chunk.content.type == "control" and chunk.content.kind == "stream_start") end
end
assert(stream:next() == nil and stream() == nil and stream:text() == "")
assert(table.concat(texts) == stream:collect().text and #texts > 3)

-- The other ways to read a stream.
local again = agent:stream_execute("Count to 5")
local first = again:next()
assert(first.chunk_index == 0)
assert(again:collect().metadata.usage.output_tokens > 0)
assert(agent:stream_execute("Count to 5"):text():find("Count to 5", 1, true))
local last
for chunk in agent:stream_execute("x") do last = chunk end
assert(last.content.kind == "stream_end" and last.content.finish_reason == "stop" and last.content.usage.output_tokens > 0)

-- Given up, a stream gives nothing more.
local given_up = agent:stream_execute("x")
given_up:next()
given_up:cancel()
given_up:cancel()
assert(given_up:next().content.kind == "cancelled" and given_up:next() == nil)
for _ in agent:stream_execute("x") do break end
