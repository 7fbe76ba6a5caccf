-- Where Lua cannot suspend, a parallel workflow says so and starts nothing; the others work.
-- expect: ok
local ran = 0
local step = { run = function() ran = ran + 1 return "done" end }
local parallel, sequential = Workflow.parallel { steps = { step } }, Workflow.sequential { steps = { step } }
local results = {}
table.sort({ 1, 2 }, function()
  results[1], results[2] = parallel:execute(), sequential:execute()
  return false
end)
assert(not results[1].success and results[1].error:find("inside a sort comparator", 1, true), results[1].error)
assert(#results[1].steps == 0 and results[2].success and ran == 1)
