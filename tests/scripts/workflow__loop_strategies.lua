-- Failures in a loop: fail_fast ends it, "continue" goes on with the next step, "retry" tries again first.
-- expect: ok
local function loop(strategy, good_from)
  local order = {}
  local result = Workflow.loop {
    over = { "a", "b", "c" }, error_strategy = strategy,
    steps = {
      { name = "first", run = function(ctx)
        order[#order + 1] = ctx.item .. ctx.attempt
        if ctx.item == "b" and ctx.attempt < good_from then error("b fails", 0) end
      end },
      { name = "second", run = function(ctx) order[#order + 1] = ctx.item:upper() end },
    },
  }:execute()
  return result, table.concat(order, " ")
end
local result, order = loop(nil, 2)
assert(not result.success and result.error == "b fails" and order == "a1 A b1" and result.iterations == 2)
assert(#result.steps == 4 and result.steps[4].skipped and result.steps[4].iteration == 2)
result, order = loop("continue", 2)
assert(not result.success and result.iterations == 3 and order == "a1 A b1 B c1 C" and result.failed_step == "first")
result, order = loop("retry", 3)
assert(result.success and order == "a1 A b1 b2 b3 B c1 C")
result, order = loop("retry", 4)
assert(not result.success and order == "a1 A b1 b2 b3")

-- What ends the loop goes before what failed on the way.
result = Workflow.loop {
  range = { 1, 5 }, max_iterations = 2, error_strategy = "continue", steps = { { run = function() error("step") end } },
}:execute()
assert(result.error.message:find("max_iterations = 2", 1, true) and result.failed_step == nil and not result.success)
