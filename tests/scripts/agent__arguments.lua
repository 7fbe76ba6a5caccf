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
fails("bad argument #1 to 'agent:execute' (table expected, got no value)", agent.execute, agent)
fails("unknown field 'txt'", agent.execute, agent, { text = "x", txt = 1 })
fails("call 'execute' with ':'", agent.execute, { text = "x" })
fails("agent has no method 'exceute'; did you mean 'execute'?", function() agent:exceute("x") end)
fails("the text is not UTF-8", agent.execute, agent, "\xff")
fails("field 'parameters': table expected, got list", agent.execute, agent, { text = "x", parameters = { 1, 2 } })
fails("parameter 'temperature'", agent.execute, agent, { text = "x", parameters = { temperature = "hot" } })
fails("parameter 'max_tokens'", agent.execute, agent, { text = "x", parameters = { max_tokens = 0 } })
fails("field 'max_turns'", agent.execute, Agent.create { model = "mock", max_turns = 0 }, "x")
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
