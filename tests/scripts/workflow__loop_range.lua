-- A loop over numbers, as Lua's numeric `for`; what came before goes on into the next iteration.
-- expect: ok
local function items(range)
  local seen = {}
  local result = Workflow.loop { range = range, steps = { { run = function(ctx) seen[#seen + 1] = tostring(ctx.item) end } } }:execute()
  assert(result.success and result.iterations == #seen, result.error)
  return table.concat(seen, " ")
end
assert(items { 1, 3 } == "1 2 3" and items { 1, 7, 3 } == "1 4 7" and items { 3, 1, -1 } == "3 2 1")
assert(items { from = 1, to = 3 } == "1 2 3" and items { from = 10, to = 0, step = -5 } == "10 5 0")
assert(items { 0, 1, 0.5 } == "0.0 0.5 1.0" and items { 2, 1 } == "" and items { 1, 1 } == "1")

local result = Workflow.loop { range = { 1, 3 }, steps = { { run = function(ctx, input) return input .. ctx.item end } } }:execute(">")
assert(result.output == ">123")
result = Workflow.loop { range = { 1, math.huge }, max_iterations = 5, steps = { { run = function() end } } }:execute()
assert(not result.success and result.iterations == 5 and result.error.message:find("max_iterations = 5", 1, true))
