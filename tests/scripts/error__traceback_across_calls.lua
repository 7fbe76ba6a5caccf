-- xpcall and debug.traceback see the script's own lines on both sides of a call that waits.
-- expect: ok
local agent = Agent.create { model = "m", provider = "nowhere" }
local function asks()
  local reply = agent:execute("x") -- line 5
  return reply
end

local function handler(e) return { error = e, trace = debug.traceback("handled", 2) } end
local function check(ok, caught)
  assert(not ok and caught.error.kind == "not_found")
  assert(caught.trace:find("handled", 1, true) and caught.trace:find("calls.lua:5: in upvalue 'asks'", 1, true), caught.trace)
end
check(xpcall(function()
  local reply = asks()
  return reply
end, handler))

-- in a task, where the host call really waits, and after one that did
local task = Task.spawn(function()
  return { xpcall(function()
    Task.sleep(0)
    local reply = asks()
    return reply
  end, handler) }
end)
check(table.unpack(task:await()))

-- a coroutine that died of it can still be asked where
local co = coroutine.create(function()
  local reply = asks()
  return reply
end)
local ok, e = coroutine.resume(co)
assert(not ok and e.kind == "not_found" and coroutine.status(co) == "dead")
assert(debug.traceback(co):find("calls.lua:5: in upvalue 'asks'", 1, true), debug.traceback(co))

-- a handler that fails itself does not loop
ok, e = xpcall(error, function() error("in the handler") end, "x")
assert(not ok and type(e) == "string")
-- debug.traceback gives back what is no text, as the handler itself
ok, e = xpcall(agent.execute, debug.traceback, agent, "x")
assert(not ok and e.kind == "not_found")
