-- Workflows nest at most 16 deep; one that executes itself in a function ends as recursion does.
-- expect: ok
local function nested(depth, make)
  local workflow = Workflow.sequential { steps = { { run = function() return "bottom" end } } }
  for _ = 2, depth do workflow = make(workflow) end
  return workflow
end
local ways = {
  function(workflow) return Workflow.sequential { steps = { { workflow = workflow } } } end,
  function(workflow) return Workflow.sequential { steps = { { workflow = workflow, timeout = 60 } } } end,
  function(workflow) return Workflow.loop { range = { 1, 1 }, steps = { { workflow = workflow } } } end,
  function(workflow)
    return Workflow.conditional { branches = { { when = function() return true end, steps = { { workflow = workflow } } } } }
  end,
}
for _, make in ipairs(ways) do
  assert(nested(16, make):execute().output == "bottom")
  local ok, message = pcall(nested, 17, make)
  assert(not ok and message:find("field 'workflow': workflows nest at most 16 deep", 1, true), message)
end
local parallel = function(workflow) return Workflow.parallel { steps = { { name = "in", workflow = workflow } } } end
local output = nested(16, parallel):execute().output
for _ = 2, 16 do output = output["in"] end
assert(output == "bottom")

local itself, deepest = nil, 0
itself = Workflow.sequential { steps = { { run = function(ctx)
  deepest = math.max(deepest, ctx.input)
  local result = itself:execute(ctx.input + 1)
  if not result.success then error(result.error, 0) end
end } } }
local result = itself:execute(1)
assert(not result.success and tostring(result.error):find("overflow", 1, true), tostring(result.error))
assert(deepest > 16 and deepest < 200, deepest)
