-- Ten thousand tasks wait at once.
-- expect: result 50005000
local tasks = {}
for i = 1, 10000 do
  tasks[i] = Task.spawn(function()
    Task.sleep(0)
    return i
  end)
end
local sum = 0
for i = 1, 10000 do sum = sum + tasks[i]:await() end
return sum
