-- A runtime error three calls deep inside a coroutine inside a task: the whole way is told.
-- expect: error runtime:11 attempt to index a nil value (field 'missing')
-- expect: traceback in upvalue 'third'
-- expect: traceback error__in_coroutine_in_task.lua:15: in upvalue 'second'
-- expect: traceback error__in_coroutine_in_task.lua:19: in function
-- expect: traceback in task 1
-- expect: traceback error__in_coroutine_in_task.lua:24: in function
-- expect: traceback in main
-- expect: traceback error__in_coroutine_in_task.lua:28: in main chunk
local function third(t)
  return t.missing.field + 1
end

local function second(t)
  local x = third(t)
  return x
end

local co = coroutine.wrap(function(t) return (second(t)) end)

local worker = Task.spawn(function()
  Task.sleep(0)
  -- the coroutine fails in here
  local result = co({})
  return result
end)

worker:await()
