-- Task.all: results in order; the first error cancels the rest and is raised.
-- expect: ok
local results = Task.all {
  function() Task.sleep(0.02) return "slow" end,
  function() return "fast" end,
  Task.spawn(function() Task.sleep(0.01) return "task" end),
  function() return nil end,
}
assert(results[1] == "slow" and results[2] == "fast" and results[3] == "task" and results[4] == nil)
assert(#Task.all {} == 0)

local closed, slow = 0, nil
local started = os.clock()
local ok, message = pcall(Task.all, {
  function()
    local x <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
    slow = true
    Task.sleep(60)
  end,
  function()
    Task.sleep(0)
    error("first", 0)
  end,
  function()
    local x <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
    Task.sleep(0)
    Task.sleep(60)
  end,
})
assert(not ok and message == "first" and slow and closed == 2)
assert(os.clock() - started < 30)

-- Wrong items are named before anything starts.
local ran = false
ok, message = pcall(Task.all, { function() ran = true end, 42 })
assert(not ok and message:find("bad argument #1 to 'Task.all' (item 2: function or task expected, got number)", 1, true), message)
assert(not pcall(Task.all, { JSON.null }))
Task.sleep(0)
assert(not ran)
