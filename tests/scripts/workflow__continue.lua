-- "continue" on a workflow goes on after a failure, and the result is no success; on a step, the step may fail.
-- expect: ok
local function broken(name, strategy)
  return { name = name, error_strategy = strategy, run = function() error(name, 0) end }
end
local function fine(name)
  return { name = name, run = function(_, input) return (input or "") .. name end }
end
local result = Workflow.sequential {
  error_strategy = "continue",
  steps = { fine("a"), broken("b"), broken("c"), fine("d") },
}:execute()
assert(not result.success and result.error == "b" and result.failed_step == "b" and result.output == "ad")
assert(result.steps[3].error == "c" and result.steps[4].ok and result.outputs.c == nil)

result = Workflow.sequential { steps = { fine("a"), broken("b", "continue"), fine("d") } }:execute()
assert(result.success and result.error == nil and result.failed_step == nil and result.output == "ad")
assert(not result.steps[2].ok and result.steps[2].error == "b")

-- A step's own strategy goes over the workflow's; the failure that ended it is the one that is told.
result = Workflow.sequential {
  error_strategy = "continue",
  steps = { broken("a"), broken("b", "fail_fast"), fine("c") },
}:execute()
assert(not result.success and result.error == "b" and result.failed_step == "b" and result.steps[3].skipped)
