-- An error in a variable that is closed by cancelling is told to the user; the rest is closed all the same.
-- expect: output outer closed
-- expect: log warn error while closing task 1: 
local t = Task.spawn(function()
  local outer <close> = setmetatable({}, { __close = function() print("outer closed") end })
  local inner <close> = setmetatable({}, { __close = function() error("broken handle") end })
  Task.sleep(60)
end)
Task.sleep(0)
t:cancel()
assert(t:status() == "cancelled")
