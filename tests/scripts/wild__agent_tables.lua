-- The same agent as a table, in the words that older scripts have, and registered by name.
-- expect: ok
local first = Agent.create({ name = "clerk", model = "mock", type = "llm", system_prompt = "You file papers." })
local second = Agent.create({ name = "typist", model = "mock", custom_config = { system_prompt = "You type." } })
local name = Agent.register({
  name = "auditor",
  agent_type = "llm",
  model = { provider = "scripted", model_id = "mock", temperature = 0.1, max_tokens = 50, settings = {} },
  allowed_tools = {},
  custom_config = { system_prompt = "You audit." },
})
assert(name == "auditor" and Agent.get(name).model == "mock" and Agent.get(name).provider == "scripted")
for _, agent in ipairs({ first, second, Agent.get("auditor") }) do
  local reply = agent:execute({ prompt = "What is on the desk?" })
  assert(reply and reply.text and reply.metadata.model == "mock")
end
-- What neither spelling has is an error as ever.
local ok, problem = pcall(Agent.create, { name = "x", sytem_prompt = "?" })
assert(not ok and problem:find("unknown field 'sytem_prompt'", 1, true), problem)
ok, problem = pcall(function() return Agent.builder():name(7):build() end)
assert(not ok and problem:find("field 'name': string expected, got integer", 1, true), problem)
ok, problem = pcall(function() return Agent.builder().name("x") end)
assert(not ok and problem:find("call 'name' with ':'", 1, true), problem)
ok, problem = pcall(function() return Agent.builder():temperatur(1) end)
assert(not ok and problem:find("did you mean 'temperature'?", 1, true), problem)
ok, problem = pcall(first.execute, first, { promt = "hi" })
assert(not ok and problem:find("field 'text': string expected", 1, true), problem)
