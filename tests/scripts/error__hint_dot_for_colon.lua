-- A method that is called with '.' says how to call it.
-- expect: error runtime:4 call 'execute' with ':', as in agent:execute(...)
local agent = Agent.create {}
agent.execute("hi")
