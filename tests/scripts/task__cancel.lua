-- Cancelling closes the task's variables inside out, through the coroutines that it waits in.
-- expect: ok
local order = {}
local function closes(name)
  return setmetatable({}, { __close = function() order[#order + 1] = name end })
end
local t = Task.spawn(function()
  local a <close> = closes("task")
  coroutine.wrap(function()
    local b <close> = closes("outer")
    local co = coroutine.create(function()
      local c <close> = closes("inner 1")
      local d <close> = closes("inner 2")
      Task.sleep(60)
    end)
    coroutine.resume(co)
    order[#order + 1] = "not reached"
  end)()
end)
Task.sleep(0)
t:cancel()
assert(t:status() == "cancelled")
assert(table.concat(order, ", ") == "inner 2, inner 1, outer, task", table.concat(order, ", "))
local ok, e = pcall(t.await, t)
assert(not ok and e.kind == "cancelled" and not e.retryable)
t:cancel() -- again: nothing

-- Before it starts, while it waits for another, and together with its children.
local never = Task.spawn(function() error("ran") end)
never:cancel()
assert(never:status() == "cancelled")

order = {}
local parent = Task.spawn(function()
  local a <close> = closes("parent")
  local child = Task.spawn(function()
    local b <close> = closes("child")
    local grandchild = Task.spawn(function()
      local c <close> = closes("grandchild")
      Task.sleep(60)
    end)
    grandchild:await()
  end)
  child:await()
end)
Task.sleep(0)
Task.sleep(0)
parent:cancel()
assert(table.concat(order, ", ") == "grandchild, child, parent", table.concat(order, ", "))

-- A block that holds a task as a to-be-closed variable cancels it at its end.
local held
do
  local task <close> = Task.spawn(Task.sleep, 60)
  held = task
end
assert(held:status() == "cancelled")
