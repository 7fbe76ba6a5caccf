-- Each to-be-closed variable is given the error as it is by then, also one of the host; the last one is raised.
-- expect: ok
local agent = Agent.create { model = "m", provider = "nowhere" }
local seen = {}
local function closing(f)
  return setmetatable({}, { __close = function(_, e)
    seen[#seen + 1] = type(e) == "table" and e.kind or tostring(e)
    f()
  end })
end
local ok, e = pcall(function()
  local _ <close> = closing(function() Task.sleep(0) end)
  local _ <close> = closing(function() agent:execute("x") end)
  local _ <close> = closing(function() error("second", 0) end)
  local _ <close> = closing(function() end)
  error("first", 0)
end)
assert(not ok and e.kind == "not_found", tostring(e))
assert(table.concat(seen, " ") == "first first second not_found", table.concat(seen, " "))

-- without an error they are given nil, and one that fails is the error
ok, e = pcall(function()
  local _ <close> = closing(function() agent:execute("x") end)
  return "lost"
end)
assert(not ok and e.kind == "not_found" and seen[5] == "nil")

-- the same where a coroutine is closed from outside
local co = coroutine.create(function()
  local _ <close> = closing(function() error("while closing", 0) end)
  coroutine.yield()
end)
coroutine.resume(co)
ok, e = coroutine.close(co)
assert(not ok and e == "while closing" and coroutine.status(co) == "dead")
