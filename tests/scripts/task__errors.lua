-- An error of every type of value comes out of await as it went in; each waiter gets it.
-- expect: ok
local marker = setmetatable({}, { __tostring = function() return "marker" end })
for _, value in ipairs { "text", 42, 1.5, true, false, marker, print, JSON.null, coroutine.create(print) } do
  local t = Task.spawn(function()
    Task.sleep(0)
    error(value, 0)
  end)
  for _ = 1, 2 do
    local ok, raised = pcall(t.await, t)
    assert(not ok and rawequal(raised, value), tostring(raised))
  end
  assert(t:status() == "failed")
end
local none = Task.spawn(function() error(nil) end)
local ok, raised = pcall(none.await, none)
assert(not ok and raised == nil)

-- Through several tasks, caught and raised again, it is still the same value.
local function nest(depth)
  if depth == 0 then error(marker) end
  local good, problem = pcall(function() return Task.spawn(nest, depth - 1):await() end)
  error(problem)
end
ok, raised = pcall(nest, 10)
assert(not ok and raised == marker)
