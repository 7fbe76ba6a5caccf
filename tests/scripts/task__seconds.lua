-- Seconds that nobody can wait for are wrong arguments, named before anything runs.
-- expect: ok
for _, seconds in ipairs { -1, 0 / 0, math.huge, 1e300, math.mininteger } do
  for name, call in pairs { sleep = Task.sleep, timeout = function(n) Task.timeout(n, error, "ran") end } do
    local ok, message = pcall(call, seconds)
    local wanted = ("bad argument #1 to 'Task.%s' (a number of seconds from 0 to a year expected)"):format(name)
    assert(not ok and message:find(wanted, 1, true), message)
  end
end
