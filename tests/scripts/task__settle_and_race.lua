-- Task.settle raises nothing; Task.race gives the first end, good or bad, and cancels the rest.
-- expect: ok
local outcomes = Task.settle {
  function() Task.sleep(0.01) return 1 end,
  function() error("no", 0) end,
  function() error({ code = 7 }) end,
  function() end,
}
assert(#outcomes == 4)
assert(outcomes[1].ok and outcomes[1].value == 1)
assert(not outcomes[2].ok and outcomes[2].error == "no")
assert(outcomes[3].error.code == 7 and outcomes[4].ok and outcomes[4].value == nil)

local cancelled
local value, place = Task.race {
  function()
    local x <close> = setmetatable({}, { __close = function() cancelled = true end })
    Task.sleep(60)
  end,
  function() Task.sleep(0) return "second" end,
}
assert(value == "second" and place == 2 and cancelled)

local ok, message = pcall(Task.race, { function() error("lost", 0) end, function() Task.sleep(60) end })
assert(not ok and message == "lost")
ok, message = pcall(Task.race, {})
assert(not ok and message:find("at least one", 1, true))
