-- An error's report is about it, whatever its children raise and catch when they are closed.
-- expect: error runtime:14 the error
-- expect: traceback in main chunk
local failed = Task.spawn(error, "another", 0)
pcall(failed.await, failed)
Task.spawn(function()
  local x <close> = setmetatable({}, { __close = function()
    pcall(failed.await, failed)
    pcall(error, "third")
  end })
  Task.sleep(60)
end)
Task.sleep(0)
error("the error")
