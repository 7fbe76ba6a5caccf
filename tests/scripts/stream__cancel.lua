-- Cancelling, leaving and dropping a stream closes its coroutine, so that <close> variables run.
-- expect: ok
local closed = {}
local function endless(name)
  local at_end <close> = setmetatable({}, { __close = function(_, err)
    assert(err == nil)
    closed[#closed + 1] = name
  end })
  for i = 1, math.huge do coroutine.yield(i) end
end
local function closed_by_now()
  local names = table.concat(closed, " ")
  closed = {}
  return names
end

local stream = Stream.create(endless, "cancelled")
assert(stream:next() == 1 and stream:isDone() == false)
stream:cancel()
stream:cancel()
assert(closed_by_now() == "cancelled" and stream.status == "cancelled")
assert(stream:next() == nil and stream:isDone() and stream() == nil and #stream:collect() == 0)

for i in Stream.create(endless, "left") do
  if i == 2 then break end
end
assert(closed_by_now() == "left")
pcall(function()
  for _ in Stream.map(Stream.create(endless, "left by an error"), tostring) do error("x") end
end)
assert(closed_by_now() == "left by an error")
do
  local scoped <close> = Stream.create(endless, "out of scope")
  scoped:next()
end
assert(closed_by_now() == "out of scope")
local function drop() return Stream.filter(Stream.create(endless, "dropped"), tostring):next() end
assert(drop() == 1)
collectgarbage()
collectgarbage()
assert(closed_by_now() == "dropped")

-- What never began has nothing to close.
Stream.create(endless, "never"):cancel()
assert(closed_by_now() == "")

-- By itself: the function ends when it comes back.
local own
own = Stream.create(function()
  coroutine.yield(1)
  own:cancel()
  endless("by itself")
end)
assert(own:next() == 1 and own:next() == nil and own.status == "cancelled" and closed_by_now() == "by itself")

own = Stream.create(function()
  local at_end <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "after an error" end })
  own:cancel()
  error("of a stream that nobody wants any more")
end)
assert(own:next() == nil and own.status == "cancelled" and closed_by_now() == "after an error")
own = Stream.create(function()
  local at_end <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "waiting again" end })
  own:cancel()
  Task.sleep(3600)
end)
local waits = Task.spawn(own.next, own)
Task.sleep(0.001)
own:cancel()
assert(closed_by_now() == "waiting again" and waits:await() == nil)

-- An error in a <close> variable is raised by cancel; the stream is over all the same.
local failing = Stream.create(function()
  local at_end <close> = setmetatable({}, { __close = function() error("not closed", 0) end })
  coroutine.yield(1)
end)
failing:next()
local ok, err = pcall(failing.cancel, failing)
assert(not ok and err == "not closed" and failing:next() == nil)

-- While its function waits in another task: it is closed there, and who reads gets the end at once.
stream = Stream.create(function()
  local at_end <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "waiting" end })
  local deep <close> = Stream.create(function()
    endless(coroutine.wrap(function() Task.sleep(3600) end)())
  end)
  coroutine.yield("first")
  coroutine.yield(deep:next())
end)
assert(stream:next() == "first")
local reader = Task.spawn(function()
  local item = stream:next()
  Task.sleep(0)
  return item == nil, "reads on"
end)
Task.sleep(0.001)
assert(reader:status() == "waiting" and coroutine.status(stream.coroutine) == "normal")
stream:cancel()
assert(closed_by_now() == "waiting")
local ended, went_on = reader:await()
assert(ended and went_on == "reads on")
