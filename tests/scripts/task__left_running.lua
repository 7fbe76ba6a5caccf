-- A task that is left running when its parent ends is cancelled, and the user is told.
-- expect: output closed
-- expect: log warn main ended while 2 tasks that it spawned still ran
Task.spawn(function()
  local x <close> = setmetatable({}, { __close = function() print("closed") end })
  Task.sleep(60)
end)
Task.sleep(0)
Task.spawn(function() print("never starts, for main does not wait again") end)
