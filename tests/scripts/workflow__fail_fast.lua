-- The first failure ends the workflow; the error keeps what it is, and what did not run is told as skipped.
-- expect: ok
local ran = {}
local function mark(name)
  return { name = name, run = function() ran[#ran + 1] = name return name end }
end
local broken = { name = "broken", run = function() error("no tea") end }
local result = Workflow.sequential { steps = { mark("first"), broken, mark("last") } }:execute()
assert(not result.success and result.failed_step == "broken")
assert(result.error:find("^workflow__fail_fast.lua:7: no tea$"), result.error)
assert(table.concat(ran) == "first" and result.output == "first" and result.outputs.broken == nil)
local first, second, third = table.unpack(result.steps)
assert(first.ok and not second.ok and second.error == result.error and second.attempts == 1)
assert(not third.ok and third.skipped and third.attempts == 0 and third.error == nil and third.name == "last")

-- The host's errors keep their kind, tables stay themselves, and nil is a failure too.
result = Workflow.sequential { steps = { { agent = Agent.create { model = "mock", tools = { "nowhere" } } } } }:execute("x")
assert(result.error.kind == "not_found", result.error)
local marker = {}
result = Workflow.sequential { steps = { { run = function() error(marker) end } } }:execute()
assert(result.error == marker and result.steps[1].error == marker)
result = Workflow.sequential { steps = { { name = "x", run = function() error() end } } }:execute()
assert(not result.success and result.error == nil and result.failed_step == "x" and not result.steps[1].ok)

-- A failing input function is a failing step.
result = Workflow.sequential { steps = { { run = print, input = function() error("bad input", 0) end } } }:execute()
assert(result.error == "bad input" and result.failed_step == "step-1")

-- A tool's error, and one of its arguments.
Tool.define { name = "t", parameters = { n = "number" }, run = function() error("inside", 0) end }
result = Workflow.sequential { steps = { { tool = "t", input = { n = 1 } } } }:execute()
assert(result.error == "inside")
result = Workflow.sequential { steps = { { tool = "t" } } }:execute()
assert(result.error.kind == "tool" and result.error.message:find("'n' is missing", 1, true))
