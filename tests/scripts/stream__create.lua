-- A created stream gives what its function yields, when it is read.
-- expect: ok
local ran = 0
local function count(from, to)
  for i = from, to do
    ran = i
    coroutine.yield(i, "a second value is passed over")
  end
  return "what it returns is not an item"
end
local stream = Stream.create(count, 3, 6)
assert(stream.status == "ready" and ran == 0 and stream.id:find("^script%-stream%-%d+$"))
assert(stream:next() == 3 and stream() == 4 and ran == 4 and stream.status == "running")
assert(stream:isDone() == false and ran == 5, "isDone looks ahead")
assert(stream:next() == 5 and ran == 5)
assert(table.concat(stream:collect(), " ") == "6")
assert(stream:isDone() and stream.status == "done" and stream:next() == nil and stream() == nil)
assert(#stream:collect() == 0 and stream:text() == "")

-- As an iterator; nil is passed over, false is not; strings are text.
local seen = {}
for item in Stream.create(function()
  for _, item in ipairs { 1, false, "x" } do
    coroutine.yield()
    coroutine.yield(item)
  end
end) do
  seen[#seen + 1] = tostring(item)
end
assert(table.concat(seen, " ") == "1 false x")
assert(Stream.create(function() for word in ("one two"):gmatch("%a+ ?") do coroutine.yield(word) end end):text() == "one two")
assert(#Stream.create(function() end):collect() == 0)

-- It may wait, also for other streams, and sleep between items.
local slow = Stream.create(function()
  Task.sleep(0.001)
  for chunk in Agent.create { model = "mock" }:stream_execute("x") do coroutine.yield(chunk) end
  coroutine.yield("the end")
end)
local text = slow:text()
assert(text:find('^You said: "x"') and text:find("the end$"), text)

-- Every stream has an id of its own, and no two are the same object.
local a, b = Stream.create(print), Stream.create(print)
assert(a ~= b and a.id ~= b.id)
