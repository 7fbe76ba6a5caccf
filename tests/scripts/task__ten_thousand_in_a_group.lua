-- Ten thousand tasks are awaited as one group; that takes no tasks of its own.
-- expect: result 10000
local tasks = {}
for i = 1, 10000 do
  tasks[i] = Task.spawn(function()
    Task.sleep(0)
    return i
  end)
end
return #Task.all(tasks)
