-- A task that awaits itself gets an error, not a deadlock.
-- expect: error runtime:5 a task cannot await itself
local t
t = Task.spawn(function()
  t:await()
end)
t:await()
