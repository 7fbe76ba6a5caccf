-- The same in a task: who awaits it gets the later error, and everything is closed.
-- expect: ok
local closed = 0
local t = Task.spawn(function()
  local a <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
  local b <close> = setmetatable({}, { __close = function(_, e)
    closed = closed + 1
    error("later than " .. e, 0)
  end })
  Task.sleep(0)
  error("first", 0)
end)
local ok, message = pcall(t.await, t)
assert(not ok and message == "later than first" and closed == 2, message)
