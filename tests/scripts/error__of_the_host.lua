-- An error of the host is a value with fields; uncaught it ends the run under its own kind.
-- expect: error not_found:13 no provider is named 'nowhere'
-- expect: traceback in method 'execute'
-- expect: traceback error__of_the_host.lua:13: in main chunk
local agent = Agent.create { model = "m", provider = "nowhere" }
local ok, e = pcall(agent.execute, agent, "hi")
assert(not ok and type(e) == "table")
assert(e.kind == "not_found" and e.message == "no provider is named 'nowhere'" and e.retryable == false)
assert(tostring(e) == "not_found: no provider is named 'nowhere'" and type(e.details) == "table")
assert("got " .. e == "got not_found: no provider is named 'nowhere'")
assert(getmetatable(e) == false)
-- the same again, not caught
agent:execute("hi")
