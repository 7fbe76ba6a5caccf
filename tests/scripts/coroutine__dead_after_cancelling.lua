-- A coroutine whose task was cancelled is dead, also when closing it raised an error.
-- expect: log warn error while closing task 1: coroutine__dead_after_cancelling.lua:6: inner
-- expect: ok
local inner, outer
local function waits()
  local x <close> = setmetatable({}, { __close = function() error("inner") end })
  Task.sleep(60)
end
local task = Task.spawn(function()
  outer = coroutine.create(function()
    inner = coroutine.create(waits)
    coroutine.resume(inner)
  end)
  coroutine.resume(outer)
end)
Task.sleep(0)
task:cancel()
for _, co in ipairs { inner, outer } do
  assert(coroutine.status(co) == "dead", coroutine.status(co))
  local ok, message = coroutine.resume(co)
  assert(not ok and message == "cannot resume dead coroutine", message)
  assert(coroutine.close(co))
end
