-- merge gives the items of its streams as they come, and stops with the first error.
-- expect: ok
local function timed(name, seconds)
  return (Stream.create(function()
    for i = 1, 3 do
      Task.sleep(seconds)
      coroutine.yield(name .. i)
    end
  end))
end
local function list(stream)
  local items = {}
  for given in stream do items[#items + 1] = given.source .. given.item end
  return table.concat(items, " ")
end

-- In the order of arrival; by source in the order of the list where they are there at once.
local held = true
local function late()
  while held do Task.sleep(0) end
  coroutine.yield("late")
end
local function releases(item)
  held = held and item.item ~= "t3"
  return item
end
assert(list(Stream.map(Stream.merge { Stream.create(late), timed("t", 0) }, releases)) == "2t1 2t2 2t3 1late")
local function ready(...)
  local items = { ... }
  return (Stream.create(function() for _, item in ipairs(items) do coroutine.yield(item) end end))
end
assert(list(Stream.merge { ready("a", "b"), ready(), ready("c") }) == "1a 3c 1b")
assert(list(Stream.merge { ready("a") }) == "1a" and list(Stream.merge { ready() }) == "")

-- Nothing begins before the first is asked for; then each source is at most one item ahead.
local made = { 0, 0 }
local function counted(place)
  return (Stream.create(function()
    while true do
      made[place] = made[place] + 1
      coroutine.yield(made[place])
    end
  end))
end
local sources = { counted(1), counted(2) }
local merged = Stream.merge(sources)
Task.sleep(0.001)
assert(made[1] == 0 and made[2] == 0 and merged.status == "ready")
for _ = 1, 4 do merged:next() end
Task.sleep(0.001)
assert(made[1] == 3 and made[2] == 3, made[1] .. " " .. made[2])
merged:cancel()
merged:cancel()
assert(sources[1].status == "cancelled" and sources[2].status == "cancelled" and merged:next() == nil)

-- Cancelled while a source waits: its function is closed at once, also when a `for` loop is left.
local closed = 0
local function sleeper()
  return (Stream.create(function()
    local at_end <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
    coroutine.yield("first")
    Task.sleep(3600)
  end))
end
merged = Stream.merge { sleeper(), sleeper() }
merged:next()
merged:next()
local reader = Task.spawn(function() return merged:next() == nil end)
Task.sleep(0.001)
merged:cancel()
assert(closed == 2 and reader:await())
for _ in Stream.merge { sleeper(), ready("x") } do break end
assert(closed == 3)
for given in Stream.merge { sleeper(), timed("x", 0.001) } do
  if given.item == "x3" then break end
end
assert(closed == 4)

-- A source that cancels the merged stream from inside.
local all
all = Stream.merge { sleeper(), Stream.create(function()
  coroutine.yield("x")
  all:cancel()
end) }
local count = 0
for _ in all do count = count + 1 end
assert(count == 2 and all.status == "cancelled" and closed == 5)

-- The first error cancels the others and is raised once.
local other = sleeper()
local broken = Stream.merge { other, Stream.create(function()
  Task.sleep(0.001)
  error("source two")
end) }
assert(broken:next().item == "first")
local ok, err = pcall(broken.next, broken)
assert(not ok and tostring(err):find("source two") and broken:next() == nil and broken.status == "failed")
assert(other.status == "cancelled" and closed == 6)

-- Agents, merged streams and one stream twice.
local agent = Agent.create { model = "mock" }
local texts = { "", "" }
for given in Stream.merge { agent:stream_execute("one"), agent:stream_execute("two") } do
  texts[given.source] = texts[given.source] .. (given.item.content.text or "")
end
assert(texts[1] == agent:execute("one").text and texts[2] == agent:execute("two").text)
local twice = ready("a", "b", "c")
assert(#Stream.merge { twice, Stream.merge { twice, ready("d") } }:collect() == 4)

-- Tasks of a source outlive its items; a merged stream outlives the task that made it and the one that began to read it.
local survivor = Task.spawn(function()
  local stream = Stream.merge { Stream.create(function()
    local task = Task.spawn(function() Task.sleep(0.002) return "done" end)
    coroutine.yield("first")
    coroutine.yield(task:await())
  end), timed("t", 0.001) }
  stream:next()
  return stream
end):await()
assert(#survivor:collect() == 4)

-- Where no task can be waited for it says so, and loses nothing.
local kept = Stream.merge { ready("a") }
ok, err = pcall(table.sort, { 1, 2 }, function() return kept:next() end)
assert(not ok and err:find("cannot wait for tasks inside a sort comparator"), err)
assert(kept:next().item == "a")
-- The script ends while sources still run: that is no mistake, and nothing is logged.
merged = Stream.merge { sleeper(), sleeper() }
merged:next()
