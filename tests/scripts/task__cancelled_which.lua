-- Who awaits a cancelled task is told which one it was; a step of a workflow has its name.
-- expect: error runtime:8 task 1 was cancelled
local task = Task.spawn(Task.sleep, 60)
task:cancel()
local steps = { { name = "slow", run = function() Task.sleep(60) end }, { run = function() error("no", 0) end } }
local result = Workflow.parallel { steps = steps }:execute()
assert(result.steps[1].error.message == "task 2 'step slow' was cancelled", result.steps[1].error)
task:await()
