-- Any number of arguments and results passes through tasks and coroutines, from stacks of every size.
-- expect: ok
-- manifest: [runtime]
-- manifest: memory = "200MB"
local list = {}
for n = 1, 300 do
  list[n] = n
  local function check(...)
    assert(select("#", ...) == n and select(n, ...) == n)
    Task.sleep(0)
    return ...
  end
  -- a fresh coroutine has a small stack
  coroutine.wrap(function()
    local back = table.pack(Task.spawn(check, table.unpack(list, 1, n)):await())
    assert(back.n == n and back[1] == 1 and back[n] == n)
    back = table.pack(coroutine.wrap(check)(table.unpack(list, 1, n)))
    assert(back.n == n and back[1] == 1 and back[n] == n)
  end)()
end
for i = 1, 100000 do list[i] = i end
local function all(...)
  Task.sleep(0)
  return ...
end
assert(select("#", Task.spawn(all, table.unpack(list)):await()) == 100000)
assert(select("#", coroutine.wrap(all)(table.unpack(list))) == 100000)
for i = 1, 999990 do list[i] = i end
local ok, message = pcall(function() return Task.spawn(all, table.unpack(list)) end)
assert(not ok and (message:find("stack overflow") or message:find("too many")), message)
