-- Tasks that wait for each other are reported, with where each one waits.
-- expect: error deadlock:15 every task waits for another one
-- expect: traceback main waits for task 1:
-- expect: traceback task__deadlock.lua:15: in main chunk
-- expect: traceback task 2 waits for task 1:
-- expect: traceback task__deadlock.lua:14: in function
-- expect: traceback task 1 waits for task 2:
-- expect: traceback task__deadlock.lua:11: in function
local a, b
local function wait_for_b()
  coroutine.wrap(function() b:await() end)()
end
a = Task.spawn(wait_for_b)
b = Task.spawn(function() a:await() end)
a:await()
