-- Cancelling the task that executes a workflow cancels its steps, whatever their strategy, and nothing more runs.
-- expect: output step closed
-- expect: output step closed
-- expect: output step closed
-- expect: output task is cancelled
local function slow()
  local x <close> = setmetatable({}, { __close = function() print("step closed") end })
  Task.sleep(60)
end
local after = { run = function() print("not reached") end }
local inner = Workflow.parallel { error_strategy = "continue", steps = { { run = slow }, { run = slow, timeout = 50 } } }
local outer = Workflow.sequential { error_strategy = "retry", steps = { { workflow = inner, error_strategy = "continue" }, after } }
local alone = Workflow.loop { range = { 1, 5 }, error_strategy = "continue", steps = { { run = slow, retries = 5 } } }
local tasks = { Task.spawn(outer.execute, outer), Task.spawn(alone.execute, alone) }
Task.sleep(0.01)
for _, task in ipairs(tasks) do
  task:cancel()
  assert(task:status() == "cancelled")
end
print("task is cancelled")
