-- Wrong arguments are named: function, position, field, what is expected, and the nearest field.
-- expect: ok
local function fails(expected, f, ...)
  local ok, message = pcall(f, ...)
  message = tostring(message)
  assert(not ok, "no error: " .. expected)
  assert(message:find(expected, 1, true), message .. " / " .. expected)
  return message
end
local message = fails("bad argument #1 to 'Agent.create' (field 'temperature': number expected, got string)",
  Agent.create, { temperature = "hot" })
assert(message:find("^agent__arguments.lua:%d+: "), message)
fails("(table expected, got no value)", Agent.create)
fails("unknown field 'modle'; did you mean 'model'?", Agent.create, { modle = "x" })
fails("field 'tools': item 1: tool, agent or name of one expected, got number", Agent.create, { tools = { 1 } })
fails("field 'max_turns': integer expected, got float", Agent.create, { max_turns = 1.5 })
fails("'Agent' has no function 'crate'; did you mean 'create'?", function() Agent.crate() end)
assert(Agent.something_else == nil)

local agent = Agent.create { model = "mock", name = "me" }
assert(tostring(agent) == "agent 'me'" and agent.name == "me" and Agent.get("me") == agent)
fails("field 'text': string expected, got no value", agent.execute, agent, {})
fails("bad argument #1 to 'agent:execute' (text expected, got no value; pass a string or { text = ... })",
  agent.execute, agent)
fails("bad argument #1 to 'agent:stream_execute' (text expected", agent.stream_execute, agent)
fails("bad argument #1 to 'conversation:execute' (text expected", function() agent:conversation():execute() end)
fails("unknown field 'txt'; did you mean 'text'?", agent.execute, agent, { text = "x", txt = 1 })
fails("call 'execute' with ':'", agent.execute, { text = "x" })
fails("agent has no method 'exceute'; did you mean 'execute'?", function() agent:exceute("x") end)
fails("the text is not UTF-8", agent.execute, agent, "\xff")
fails("field 'parameters': table expected, got list", agent.execute, agent, { text = "x", parameters = { 1, 2 } })
fails("parameter 'temperature'", agent.execute, agent, { text = "x", parameters = { temperature = "hot" } })
fails("parameter 'max_tokens'", agent.execute, agent, { text = "x", parameters = { max_tokens = 0 } })

-- What no agent can have is told where it is made.
fails("bad argument #1 to 'Agent.create' (field 'max_turns': from 1 to 100 expected, got 0)", Agent.create, { max_turns = 0 })
fails("(field 'max_turns': from 1 to 100 expected, got -1)", Agent.create, { max_turns = -1 })
fails("(field 'max_tokens': a positive integer expected, got 0)", Agent.create, { max_tokens = 0 })
fails("(field 'temperature': a finite number expected)", Agent.create, { temperature = 0 / 0 })
fails("(field 'prompt': the text is not UTF-8)", Agent.create, { prompt = "\xff" })
fails("(data expected, got a function (field 'parameters.f'))", Agent.create, { parameters = { f = print } })
fails("(field 'parameters': table expected, got list)", Agent.create, { parameters = { 1 } })

-- What was given to an agent or a tool may change afterwards, and they stay as they are.
local parameters = { temperature = 0.5 }
local kept = Agent.create { model = "mock", parameters = parameters }
parameters.temperature = "hot"
assert(kept:execute("x").text)
local properties = { type = "object", properties = { a = { type = "string" } }, required = { "a" } }
local tool = Tool.define { name = "kept", parameters = properties, run = function(args) return args.a end }
properties.properties.a.type = "nonsense"
assert(tool:execute { a = "b" } == "b")
properties.properties.a.type = "string"
local clerk = Agent.create { model = "mock", schema = properties }
properties.type = "nonsense"
local _, bad = pcall(clerk.execute, clerk, "x")
assert(bad.kind == "bad_answer", bad)

fails("data expected, got a function", agent.execute, agent, { text = "x", parameters = { f = print } })
fails("there is no tool 'nowhere'", agent.execute, Agent.create { model = "mock", tools = { "nowhere" } }, "x")

-- Empty tables are as good as none, and context may hold anything.
assert(agent:execute { text = "x", parameters = {}, context = {} }.text)
local text = agent:execute { text = "x", context = { b = { 1, 2 }, [1] = true, a = "y", n = JSON.null, s = "\xff" } }.text
assert(text:find("a: y", 1, true) and text:find("b: [1, 2]", 1, true), text)

-- Names are unique; equal ones are numbered.
local names = {}
for i = 1, 3 do names[i] = Agent.create { model = "mock", name = "twin" }.name end
assert(table.concat(names, " ") == "twin twin-2 twin-3")
assert(Agent.create {}.name:find("^agent%-%d$"))
assert(table.concat(Agent.list(), " "):find("^agent agent%-2 .*me twin twin%-2 twin%-3$"))
assert(Agent.get("nowhere") == nil)
