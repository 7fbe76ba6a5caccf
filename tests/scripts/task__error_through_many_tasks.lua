-- An error that thousands of tasks pass on costs little memory, and its report begins where it was raised.
-- expect: error runtime:6 bottom
-- expect: traceback in task 3000:
-- expect: traceback in task 2999:
local function go(n)
  if n == 0 then error("bottom") end
  local result = Task.spawn(go, n - 1):await()
  return result
end
go(3000)
