-- Tasks run when the spawner waits, give several results, and can be awaited by many and more than once.
-- expect: ok
local order = {}
local t = Task.spawn(function(...)
  order[#order + 1] = "task"
  Task.sleep(0)
  return select("#", ...), ...
end, "a", nil, "c")
order[#order + 1] = "main"
assert(t:status() == "ready" and tostring(t) == "task " .. t:id())
local n, a, b, c = t:await()
assert(n == 3 and a == "a" and b == nil and c == "c")
assert(table.concat(order, " ") == "main task" and t:status() == "done")
assert(select("#", t:await()) == 4)

local waiting = {}
local slow = Task.spawn(function()
  Task.sleep(0.01)
  return "slow"
end)
for i = 1, 5 do
  waiting[i] = Task.spawn(function() return slow:await() .. i end)
end
Task.sleep(0)
assert(slow:status() == "waiting" and waiting[1]:status() == "waiting")
for i = 1, 5 do assert(waiting[i]:await() == "slow" .. i) end

-- Tasks interleave only where they wait.
local trail = {}
local function steps(name)
  for i = 1, 3 do
    trail[#trail + 1] = name .. i
    Task.sleep(0)
  end
end
Task.all { function() steps("a") end, function() steps("b") end }
assert(table.concat(trail, " ") == "a1 b1 a2 b2 a3 b3", table.concat(trail, " "))
