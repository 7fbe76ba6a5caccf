-- Code that closes a cancelled task may ask the host, but cannot wait for tasks, spawn, or cancel what runs it.
-- expect: output asked
-- expect: output spawn refused
-- expect: output await refused
-- expect: output cancel refused
-- expect: output the canceller goes on
local canceller
local other = Task.spawn(Task.sleep, 0.01)
local t = Task.spawn(function()
  local x <close> = setmetatable({}, { __close = function()
    Task.sleep(0)
    print("asked")
    assert(not pcall(Task.spawn, print))
    print("spawn refused")
    assert(not pcall(other.await, other))
    print("await refused")
    assert(not pcall(canceller.cancel, canceller))
    print("cancel refused")
  end })
  Task.sleep(60)
end)
canceller = Task.spawn(function()
  Task.sleep(0)
  t:cancel()
  print("the canceller goes on")
end)
canceller:await()
other:await()
