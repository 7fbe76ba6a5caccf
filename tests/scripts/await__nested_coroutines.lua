-- A wait inside coroutines inside coroutines reaches the host, and no resume on the way sees it.
-- expect: ok
local function nest(depth)
  if depth == 0 then
    Task.sleep(0)
    coroutine.yield("deep")
    Task.sleep(0)
    return "end"
  end
  local inner = coroutine.wrap(nest)
  coroutine.yield(inner(depth - 1))
  Task.sleep(0)
  return inner()
end

for depth = 0, 12 do
  local outer = coroutine.create(nest)
  local ok, value = coroutine.resume(outer, depth)
  assert(ok and value == "deep", value)
  assert(coroutine.status(outer) == "suspended")
  ok, value = coroutine.resume(outer)
  assert(ok and value == "end", value)
  assert(coroutine.status(outer) == "dead")
end

-- What is passed in and out stays what it was, nil and all, on both sides of a wait.
local co = coroutine.wrap(function(...)
  Task.sleep(0)
  local n = select("#", ...)
  local a, b, c = coroutine.yield(n, nil, false)
  Task.sleep(0)
  return a, b, c, nil
end)
local n, x, y = co(nil, nil)
assert(n == 2 and x == nil and y == false)
assert(select("#", co(1, nil, 3)) == 4)
