-- An error that is caught and raised again, as a value, keeps the trace of where it was first.
-- expect: error runtime:8 first
-- expect: traceback in task 1:
-- expect: traceback error__raised_again.lua:8: in upvalue 'fails'
-- expect: traceback in main
-- expect: traceback error__raised_again.lua:20: in main chunk
local function fails()
  error("first")
end

local t = Task.spawn(function()
  Task.sleep(0)
  fails()
  return 1
end)

local ok, e = pcall(t.await, t)
assert(not ok)
-- level 0: the value stays the same
error(e, 0)
