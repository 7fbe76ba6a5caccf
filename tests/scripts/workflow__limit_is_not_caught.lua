-- What ends the run ends it, whatever a workflow's strategy.
-- expect: error limit 'provider_calls'
-- expect: output first
-- manifest: [runtime]
-- manifest: provider_calls = 1
local agent = Agent.create { model = "mock" }
local ask = { agent = agent, input = "x", error_strategy = "continue", retries = 5 }
Workflow.sequential {
  error_strategy = "continue",
  steps = { ask, { run = function() print("first") end }, ask, { run = function() print("not reached") end } },
}:execute()
print("not reached")
