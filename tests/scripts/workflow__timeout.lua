-- A step that takes longer than its timeout is cancelled; each attempt has the whole time.
-- expect: ok
-- manifest: [providers.slow]
-- manifest: kind = "scripted"
-- manifest: replies = [{ text = "late", delay = "60s" }]
local closed = 0
local function slow()
  local x <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
  Task.sleep(60)
end
local result = Workflow.sequential { steps = { { name = "slow", run = slow, timeout = 0.01 } } }:execute()
assert(not result.success and result.error.kind == "timeout" and result.failed_step == "slow" and closed == 1)
assert(tostring(result.error) == "timeout: timed out after 0.01 s", result.error)

result = Workflow.sequential { steps = { { run = slow, timeout = 0.01, retries = 2 } } }:execute()
assert(not result.success and result.steps[1].attempts == 3 and closed == 4)

result = Workflow.sequential { steps = { { timeout = 0.05, retries = 1, run = function(ctx)
  if ctx.attempt == 1 then Task.sleep(60) end
  return "second"
end } } }:execute()
assert(result.success and result.output == "second" and result.steps[1].attempts == 2 and result.steps[1].error == nil)

local agent = Agent.create {}
result = Workflow.sequential { steps = { { agent = agent, timeout = 0.01 } } }:execute("x")
assert(not result.success and result.error.kind == "timeout")

-- It holds for everything beneath: a nested workflow is cancelled with its steps.
local inner = Workflow.parallel { steps = { { run = slow }, { run = slow } } }
result = Workflow.sequential { steps = { { workflow = inner, timeout = 0.01 } } }:execute()
assert(not result.success and result.error.kind == "timeout" and closed == 6)

-- One that is in time is left in peace.
result = Workflow.parallel { steps = { { run = function() return 1 end, timeout = 60 } } }:execute()
assert(result.success and result.outputs["step-1"] == 1)
