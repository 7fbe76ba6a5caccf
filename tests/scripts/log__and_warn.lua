-- Log gives events with fields; warn() writes to stderr.
-- expect: log info hello
-- expect: log error 42
-- expect: log debug nil
-- expect: output 
Log.info("hello", { a = 1, list = { 1, 2 } })
Log.error(42)
Log.debug()
Log.warn(setmetatable({}, { __tostring = function() return "shown" end }))
warn("a ", "warning")
local ok, message = pcall(Log.info, "x", "fields")
assert(not ok and message:find("bad argument #2 to 'Log.info' (table expected, got string)", 1, true), message)
ok, message = pcall(function() Log.inf("x") end)
assert(not ok and message:find("'Log' has no function 'inf'; did you mean 'info'?", 1, true), message)
print()
