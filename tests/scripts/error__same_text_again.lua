-- Where an error came from is told of that one, not of an earlier one with the same text.
-- expect: error runtime:4 the text
-- expect: traceback in task 2:
local function fail() error("the text") end
local first = Task.spawn(fail)
pcall(first.await, first)
local _, trace = xpcall(coroutine.wrap(fail), debug.traceback)
assert(not trace:find("in task", 1, true), trace)
local second = Task.spawn(function() coroutine.wrap(fail)() end)
local ok, message = pcall(second.await, second)
_, trace = xpcall(error, debug.traceback, message, 0)
assert(trace:find("in task 2:", 1, true) and not trace:find("in task 1:", 1, true), trace)
error(message, 0)
