-- The condition is asked before each iteration; max_iterations bounds what it lets run.
-- expect: ok
local asked = {}
local workflow = Workflow.loop {
  name = "refine",
  while_ = function(ctx)
    asked[#asked + 1] = ctx.iteration .. (ctx.previous or "-")
    return ctx.previous ~= "in..."
  end,
  steps = { { name = "dot", run = function(_, input) return input .. "." end } },
}
local result = workflow:execute("in")
assert(result.success and result.iterations == 3 and result.output == "in...")
assert(table.concat(asked, " ") == "1- 2in. 3in.. 4in...", table.concat(asked, " "))
assert(#result.steps == 3 and result.steps[3].iteration == 3)

local function loop(condition, max)
  return Workflow.loop { name = "on and on", while_ = condition, max_iterations = max, steps = { { run = function() end } } }:execute()
end
result = loop(function() return false end)
assert(result.success and result.iterations == 0 and #result.steps == 0)
result = loop(function(ctx) return ctx.iteration <= 7 end, 7)
assert(result.success and result.iterations == 7)
result = loop(function() return true end, 7)
assert(not result.success and result.iterations == 7 and result.failed_step == nil)
assert(tostring(result.error) == "workflow: workflow 'on and on' is not done after max_iterations = 7", result.error)
result = loop(function() return true end)
assert(result.iterations == 1000 and result.error.message:find("max_iterations = 1000", 1, true))
result = loop(function(ctx) if ctx.iteration == 3 then error("odd", 0) end return true end)
assert(not result.success and result.error == "odd" and result.iterations == 2)
