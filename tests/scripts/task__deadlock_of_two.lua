-- While somebody still waits for the host it is no deadlock; afterwards it is, also below pcall.
-- expect: output the clock has run
-- expect: error deadlock every task waits
local a, b
a = Task.spawn(function() pcall(function() b:await() end) end)
b = Task.spawn(function() pcall(function() a:await() end) end)
Task.spawn(function()
  Task.sleep(0.01)
  print("the clock has run")
end)
pcall(a.await, a)
