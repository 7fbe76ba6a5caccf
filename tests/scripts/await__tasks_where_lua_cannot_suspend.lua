-- Waiting for another task is impossible where Lua cannot switch: an error that says so, and nothing breaks.
-- expect: ok
local other = Task.spawn(function()
  Task.sleep(0)
  return "done"
end)
local function refused(f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and tostring(message):find("cannot suspend", 1, true), message)
  assert(tostring(message):find("await__tasks_where_lua_cannot_suspend.lua:%d+:"), message)
end
table.sort({ 1, 2 }, function(a, b)
  refused(other.await, other)
  refused(Task.all, { function() end })
  refused(Task.race, { function() Task.sleep(1) end })
  return a < b
end)
local _ = ("x"):gsub("x", function() refused(other.await, other) end)
setmetatable({}, { __gc = function() refused(other.await, other) end })
collectgarbage()
assert(other:await() == "done")
-- An ended task needs no wait.
table.sort({ 1, 2 }, function(a, b)
  assert(other:await() == "done")
  return a < b
end)
