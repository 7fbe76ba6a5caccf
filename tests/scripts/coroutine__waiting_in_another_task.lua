-- A coroutine that waits for the host in one task can be neither resumed nor closed by another.
-- expect: ok
local co = coroutine.create(function(x)
  Task.sleep(0.02)
  return x
end)
local t = Task.spawn(function() return coroutine.resume(co, "mine") end)
Task.sleep(0)
assert(coroutine.status(co) == "normal")
local ok, message = coroutine.resume(co, "yours")
assert(not ok and message == "cannot resume non-suspended coroutine", message)
ok, message = pcall(coroutine.close, co)
assert(not ok and message:find("cannot close a normal coroutine"), message)

-- Nor can the coroutine of a task itself, while it waits and after it ended.
local base
local owner = Task.spawn(function()
  base = coroutine.running()
  Task.sleep(0)
  return print, 1, 2
end)
Task.sleep(0)
assert(not coroutine.resume(base) and not pcall(coroutine.close, base))
owner:await()
assert(coroutine.status(base) == "dead")
ok, message = coroutine.resume(base)
assert(not ok and message == "cannot resume dead coroutine", message)
assert(coroutine.close(base))
assert(select(3, owner:await()) == 2)

ok, message = t:await()
assert(ok == true and message == "mine")

-- Handed from task to task between its yields it works.
local shared = coroutine.wrap(function()
  for i = 1, 4 do
    Task.sleep(0)
    coroutine.yield(i)
  end
end)
local got = {}
for _ = 1, 4 do Task.spawn(function() got[#got + 1] = shared() end):await() end
assert(table.concat(got) == "1234")
