-- A misspelt method says so itself, at once.
-- expect: error runtime:4 agent has no method 'exectue'; did you mean 'execute'?
local agent = Agent.create {}
agent:exectue("hi")
