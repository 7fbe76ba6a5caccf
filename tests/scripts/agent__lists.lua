-- A nil in a list, or a name in place of an item, would be passed over in silence: it is an error.
-- expect: ok
local function fails(expected, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and tostring(message):find(expected, 1, true), tostring(message))
end
local tool = Tool.define { name = "t", run = print }
fails("bad argument #1 to 'Agent.create' (field 'tools': item 1 is nil)", Agent.create, { tools = { Tool.get("nowhere"), tool } })
fails("field 'tools': list expected, got a table with the key 'calculator'", Agent.create, { tools = { calculator = true } })
fails("field 'fallback': list expected", Agent.create, { fallback = { model = "x" } })
fails("field 'transfer_to': item 1 is nil", Agent.create, { transfer_to = { Agent.get("nowhere"), "b" } })
local agent = Agent.create { model = "mock", tools = {}, fallback = {}, transfer_to = {} }
fails("field 'media': item 1 is nil", agent.execute, agent, { text = "x", media = { nil, 1 } })
assert(agent:execute { text = "x", media = {} }.text)
fails("field 'output_modalities': item 1 is nil", agent.execute, agent, { text = "x", output_modalities = { nil, "text" } })

-- Two that a model would call by one name.
Agent.create { name = "b c", model = "mock" }
Agent.create { name = "b_c", model = "mock" }
local function asks(fields)
  fields.model = "mock"
  local a = Agent.create(fields)
  fails("there is a tool '" .. fields.description .. "' before it", a.execute, a, "x")
  fails("there is a tool '" .. fields.description .. "' before it", a.execute, a, "x")
end
asks { description = "b_c", tools = { "b c", "b_c" } }
asks { description = "transfer_to_b_c", transfer_to = { "b c", "b_c" } }
asks { description = "transfer_to_b_c", transfer_to = { "b c" }, tools = { Tool.define { name = "transfer_to_b_c", run = print } } }

-- An agent may do without streams.
local whole = Agent.create { model = "mock", streaming = false }
assert(not whole:supports_streaming() and not whole:capabilities().streaming and agent:supports_streaming())
local ok, e = pcall(whole.stream_execute, whole, "x")
assert(not ok and e.kind == "streaming_not_supported", tostring(e))
local talk = whole:conversation()
assert(not pcall(talk.stream_execute, talk, "x") and talk:execute("x").text)

-- What a script writes into an agent changes nothing of what is asked.
local asked = Agent.create { name = "asked", model = "mock", description = "d", tools = { tool } }
asked.name, asked.description, asked.model = "other", {}, "none"
assert(asked:execute("x").metadata.agent == "asked" and Agent.get("asked") == asked and Agent.get("other") == nil)
assert(Agent.create { model = "mock", tools = { asked }, transfer_to = { asked } }:conversation():execute("x").text)
