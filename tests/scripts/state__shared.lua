-- Tasks, coroutines, tools and finalizers of one run share the store.
-- expect: ok
local count = Tool.define { name = "count", run = function() State.set("n", State.get("n", 0) + 1) return State.get("n") end }
Task.map({ 1, 2, 3, 4, 5 }, function()
  Task.sleep(0)
  count:execute {}
end)
assert(State.get("n") == 5)
coroutine.wrap(function() State.set("n", "coroutine") end)()
assert(State.get("n") == "coroutine")
setmetatable({}, { __gc = function() State.set("n", "finalizer") end })
collectgarbage()
assert(State.get("n") == "finalizer")
