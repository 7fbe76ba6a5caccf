-- A task may cancel itself, or a task above it: it runs no further, and its variables are closed.
-- expect: ok
local order = {}
local function closes(name)
  return setmetatable({}, { __close = function() order[#order + 1] = name end })
end
local me
me = Task.spawn(function()
  local x <close> = closes("self")
  Task.sleep(0)
  me:cancel()
  order[#order + 1] = "goes on"
end)
local ok, e = pcall(me.await, me)
assert(not ok and e.kind == "cancelled" and table.concat(order) == "self")

order = {}
local parent
parent = Task.spawn(function()
  local x <close> = closes("parent")
  Task.spawn(function()
    local y <close> = closes("child")
    coroutine.wrap(function()
      local z <close> = closes("coroutine")
      parent:cancel()
      order[#order + 1] = "goes on"
    end)()
  end):await()
  order[#order + 1] = "goes on"
end)
ok, e = pcall(parent.await, parent)
assert(not ok and e.kind == "cancelled")
assert(table.concat(order, " ") == "coroutine child parent", table.concat(order, " "))

-- Not where Lua cannot leave, and not the main task.
local stuck
stuck = Task.spawn(function()
  local good, message = pcall(table.sort, { 1, 2 }, function() stuck:cancel() end)
  assert(not good and message:find("cannot cancel the running task", 1, true), message)
  return "went on"
end)
assert(stuck:await() == "went on")
