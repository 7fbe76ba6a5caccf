-- Never more than max_concurrency at once; all run in the end, in the order of the definition.
-- expect: ok
local open, most, order, steps = 0, 0, {}, {}
for i = 1, 12 do
  steps[i] = { run = function()
    open = open + 1
    most = math.max(most, open)
    order[#order + 1] = i
    Task.sleep(0.001 * (i % 3))
    open = open - 1
  end }
end
local result = Workflow.parallel { steps = steps, max_concurrency = 3 }:execute()
assert(result.success and most == 3 and #order == 12 and #result.steps == 12)
for i = 1, 12 do assert(order[i] == i) end

most = 0
assert(Workflow.parallel { steps = steps, max_concurrency = 1 }:execute().success and most == 1)
most = 0
assert(Workflow.parallel { steps = steps, max_concurrency = 99 }:execute().success and most == 12)

-- A failure with fail_fast starts no further step; with "continue" all run.
local ran = 0
for i = 1, 4 do
  steps[i] = { run = function()
    ran = ran + 1
    error("failed", 0)
  end }
end
steps = table.move(steps, 1, 4, 1, {})
result = Workflow.parallel { steps = steps, max_concurrency = 1 }:execute()
assert(not result.success and ran == 1 and result.steps[2].skipped and result.steps[4].skipped)
ran = 0
result = Workflow.parallel { steps = steps, max_concurrency = 2, error_strategy = "continue" }:execute()
assert(not result.success and ran == 4)
