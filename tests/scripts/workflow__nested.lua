-- A workflow is a step of another: its output is the step's output, its failure the step's failure.
-- expect: ok
local function run(name, value)
  return { name = name, run = function(ctx, input) return (input or "") .. value .. (ctx.item or "") end }
end
local inner = Workflow.sequential { name = "inner", steps = { run("one", "1"), run("two", "2") } }
local each = Workflow.loop { name = "each", over = { "x", "y" }, steps = { { name = "inner", workflow = inner } } }
local outer = Workflow.sequential { name = "outer", steps = {
  run("before", "a"), { name = "inner", workflow = inner }, { name = "given", workflow = inner, input = "b" },
  { name = "each", workflow = each },
} }
local result = outer:execute("in")
assert(result.success and result.outputs.inner == "ina12" and result.outputs.given == "b12", result.outputs.inner)
assert(result.outputs.each == "y12" and result.output == "y12")
local record = result.steps[2]
assert(record.type == "workflow" and record.result.name == "inner" and record.result.outputs.one == "ina1")
assert(result.steps[4].result.iterations == 2 and result.outputs.one == nil)

local marker = {}
local failing = Workflow.sequential { name = "failing", steps = { { name = "deep", run = function() error(marker) end } } }
result = Workflow.sequential { steps = { { name = "call", workflow = failing, retries = 1 } } }:execute()
assert(not result.success and result.error == marker and result.failed_step == "call")
assert(result.steps[1].attempts == 2 and result.steps[1].result.failed_step == "deep")

-- Success in spite of a failure that may be is success.
local may = Workflow.sequential { steps = { { run = error, error_strategy = "continue" } } }
assert(Workflow.sequential { steps = { { workflow = may } } }:execute().success)
