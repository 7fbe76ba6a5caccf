-- Task.timeout: the function's results, its error, or an error of kind "timeout" after cancelling it.
-- expect: ok
local a, b = Task.timeout(60, function(x)
  Task.sleep(0)
  return x, 2
end, 1)
assert(a == 1 and b == 2)
assert(not pcall(Task.timeout, 60, function() error("own") end))

local closed
local ok, e = pcall(Task.timeout, 0.01, function()
  local x <close> = setmetatable({}, { __close = function() closed = true end })
  Task.sleep(60)
end)
assert(not ok and e.kind == "timeout" and closed)
assert(tostring(e) == "timeout: timed out after 0.01 s", tostring(e))

-- One inside another: the shorter one counts, and the longer is left in peace.
ok, e = pcall(Task.timeout, 60, function() return Task.timeout(0.01, Task.sleep, 60) end)
assert(not ok and e.kind == "timeout")

for _, bad in ipairs { -1, 0 / 0, "soon" } do
  local good, message = pcall(Task.timeout, bad, print)
  assert(not good and tostring(message):find("bad argument #1 to 'Task.timeout'", 1, true), message)
end

-- The clock is not the script's to replace.
local sleep = Task.sleep
Task.sleep = function() error("replaced") end
assert(Task.timeout(60, function() sleep(0) return "in time" end) == "in time")
Task.sleep = sleep
