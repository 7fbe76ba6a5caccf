-- Errors while tasks are closed are told of, those of the host by their message, but not without an end.
-- expect: ok
-- expect: log warn error while closing task 1: there is no tool 'none'
-- expect: log warn error while closing task 2: (not a string)
-- expect: log warn error while closing task 50: task__warnings_are_bounded.lua:12: again
-- expect: log warn (no more warnings about tasks are shown)
local function closing(fn)
  local task = Task.spawn(function() local x <close> = setmetatable({}, { __close = fn }) Task.sleep(60) end)
  Task.sleep(0)
  task:cancel()
end
local function again() error("again") end
closing(function() Tool.execute("none", {}) end)
closing(function() error {} end)
for _ = 1, 200 do closing(again) end
