-- A provider that is busy is asked again; what no other attempt mends is not.
-- expect: ok
-- manifest: [providers]
-- manifest: default = "busy"
-- manifest: [providers.busy]
-- manifest: kind = "scripted"
-- manifest: max_retries = 0
-- manifest: replies = [{ fault = "rate_limit" }, { fault = "overloaded" }, { text = "at last" }]
-- manifest: [providers.locked]
-- manifest: kind = "scripted"
-- manifest: replies = [{ fault = "auth" }, { text = "never said" }]
local busy = Agent.create { provider = "busy" }
local result = Workflow.sequential { error_strategy = "retry", steps = { { agent = busy } } }:execute("x")
assert(result.success and result.output == "at last" and result.steps[1].attempts == 3, result.error)

local locked = Agent.create { provider = "locked" }
result = Workflow.sequential { error_strategy = "retry", steps = { { agent = locked } } }:execute("x")
assert(not result.success and result.error.kind == "auth" and result.steps[1].attempts == 1)
result = Workflow.sequential { steps = { { agent = busy, retries = 3 } } }:execute()
assert(result.error.kind == "argument" and result.steps[1].attempts == 1)
