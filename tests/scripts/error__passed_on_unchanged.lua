-- An error of the host stays the same value however far it is passed on, and uncaught it ends the run under its kind.
-- expect: error not_found no provider is named 'nowhere'
local agent = Agent.create { model = "m", provider = "nowhere" }
local function fails()
  local reply = agent:execute("hi")
  return reply
end
local ok, first = pcall(fails)
assert(not ok and first.kind == "not_found")
local function same(ok, e) assert(not ok and rawequal(e, first), tostring(e)) end

same(pcall(error, first))
same(pcall(error, first, 0))
same(pcall(error, first, 2))
same(xpcall(error, function(e) return e end, first))
same(coroutine.resume(coroutine.create(error), first))
same(pcall(coroutine.wrap(error), first))
same(pcall(coroutine.wrap(function() coroutine.wrap(error)(first) end)))
same(pcall(assert, false, first))
same(pcall(function() for _ in error, first do end end))
same(pcall(function() return setmetatable({}, { __index = function() error(first) end }).x end))
same(pcall(table.sort, { 1, 2 }, function() error(first) end))
same(pcall(string.gsub, "x", "x", function() error(first) end))
same(pcall(function() local _ <close> = setmetatable({}, { __close = function() error(first) end }) end))
same(pcall(function()
  local task = Task.spawn(error, first)
  task:await()
end))
same(pcall(Task.all, { function() error(first) end, function() Task.sleep(10) end }))
same(pcall(Task.timeout, 10, error, first))
same(pcall(Task.map, { 1 }, function() error(first) end))
same(false, Task.settle { function() error(first) end }[1].error)
local raising = Tool.define { name = "raising", run = function() error(first) end }
same(pcall(raising.execute, raising, {}))
same(pcall(Tool.execute, "raising"))

-- caught in one place, raised again in another
error(first)
