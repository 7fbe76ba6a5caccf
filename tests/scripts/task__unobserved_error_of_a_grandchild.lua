-- The same through a task between: the task fails in its parent's place, and who awaits it learns of it.
-- expect: ok
local t = Task.spawn(function()
  Task.spawn(function() error("grandchild", 0) end)
  Task.sleep(0)
  return "well"
end)
local ok, message = pcall(t.await, t)
assert(not ok and message == "grandchild", message)

-- One that was looked at is no reason to fail.
local seen = Task.spawn(function()
  local child = Task.spawn(function() error("looked at", 0) end)
  assert(not pcall(child.await, child))
  return "well"
end)
assert(seen:await() == "well")

-- Nor one that was cancelled.
local cancelled = Task.spawn(function()
  local child = Task.spawn(Task.sleep, 60)
  Task.sleep(0)
  child:cancel()
  return "well"
end)
assert(cancelled:await() == "well")
