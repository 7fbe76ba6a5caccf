-- Failed steps are tried again: `retries` times, or twice with the strategy "retry"; then they have failed.
-- expect: ok
local tries
local function fails_until(n, extra)
  tries = 0
  local step = { name = "step", run = function(ctx)
    tries = tries + 1
    assert(ctx.attempt == tries)
    if tries < n then error("try " .. tries, 0) end
    return tries
  end }
  for key, value in pairs(extra or {}) do step[key] = value end
  return step
end
local function run(step, strategy)
  return Workflow.sequential { error_strategy = strategy, steps = { step, { run = function() end } } }:execute()
end
local result = run(fails_until(3), "retry")
assert(result.success and result.output == 3 and result.steps[1].attempts == 3 and result.steps[1].error == nil)
result = run(fails_until(4), "retry")
assert(not result.success and result.error == "try 3" and result.steps[1].attempts == 3 and result.steps[2].skipped)
result = run(fails_until(3, { error_strategy = "retry" }))
assert(result.success and result.output == 3)
result = run(fails_until(5, { retries = 4 }))
assert(result.success and result.output == 5)
result = run(fails_until(2, { retries = 0 }), "retry")
assert(not result.success and tries == 1)
result = run(fails_until(9, { retries = 1 }), "continue")
assert(not result.success and tries == 2 and result.steps[2].ok)
result = run(fails_until(2))
assert(not result.success and tries == 1)

-- The delay is waited for before each further attempt, and not before the first.
local tried = 0
local patient = Workflow.sequential { steps = { { retries = 1, retry_delay = 60, run = function()
  tried = tried + 1
  error("again", 0)
end } } }
local ok, e = pcall(Task.timeout, 0.01, patient.execute, patient)
assert(not ok and e.kind == "timeout" and tried == 1)

-- The attempts are told one from the other also where no delay is between them.
result = Workflow.sequential { steps = { { retries = 1, run = function(ctx)
  if ctx.attempt == 1 then error("once") end
  return ctx.step .. ctx.attempt
end } } }:execute()
assert(result.output == "step-12")
