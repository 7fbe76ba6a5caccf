-- "continue" runs all to their end; "retry" tries each again before it fails.
-- expect: ok
local function step(name, good_from)
  local tries = 0
  return { name = name, run = function()
    tries = tries + 1
    Task.sleep(0)
    if tries < good_from then error(name .. tries, 0) end
    return tries
  end }
end
local result = Workflow.parallel { error_strategy = "continue", steps = { step("a", 2), step("b", 1), step("c", 2) } }:execute()
assert(not result.success and result.outputs.b == 1 and result.steps[1].error == "a1" and result.steps[3].error == "c1")
assert(result.failed_step == "a" or result.failed_step == "c")
assert(result.output.b == 1 and result.output.a == nil)

result = Workflow.parallel { error_strategy = "retry", steps = { step("a", 3), step("b", 1) } }:execute()
assert(result.success and result.outputs.a == 3 and result.steps[1].attempts == 3 and result.steps[2].attempts == 1)
result = Workflow.parallel { error_strategy = "retry", steps = { step("a", 4), step("b", 1) } }:execute()
assert(not result.success and result.error == "a3" and result.failed_step == "a")
