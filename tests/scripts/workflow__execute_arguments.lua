-- What execute takes: a value that is no table, { input = ... }, or nothing.
-- expect: ok
local workflow = Workflow.sequential { steps = { { run = function(ctx) return { ctx.input } end } } }
assert(workflow:execute("text").output[1] == "text" and workflow:execute(1).output[1] == 1)
assert(workflow:execute(false).output[1] == false)
assert(workflow:execute { input = { 7 } }.output[1][1] == 7)
assert(#workflow:execute().output == 0 and #workflow:execute {}.output == 0)

local function fails(expected, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and message:find(expected, 1, true), message)
end
fails("bad argument #1 to 'workflow:execute' (unknown field 'text'; a table is taken as { input = ... })",
  workflow.execute, workflow, { text = "x" })
fails("unknown field '1'", workflow.execute, workflow, { "x" })
fails("call 'execute' with ':'", workflow.execute, "x")
fails("call 'execute' with ':'", workflow.execute)
fails("workflow has no method 'exceute'; did you mean 'execute'?", function() workflow:exceute() end)
fails("'Workflow' has no function 'sequentail'; did you mean 'sequential'?", function() Workflow.sequentail {} end)
assert(getmetatable(workflow) == false and workflow.steps == nil)
