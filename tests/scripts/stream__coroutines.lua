-- A stream and a coroutine are two views of one thing: `stream.coroutine` works with coroutine.*, Stream.create takes one.
-- expect: ok
local function two() coroutine.yield("a") coroutine.yield("b") end
local stream = Stream.create(two)
assert(type(stream.coroutine) == "thread" and stream.coroutine == stream.coroutine)
assert(coroutine.status(stream.coroutine) == "suspended")
local ok, item = coroutine.resume(stream.coroutine)
assert(ok and item == "a" and stream:next() == "b" and stream:next() == nil)
assert(coroutine.status(stream.coroutine) == "dead" and not coroutine.resume(stream.coroutine))

-- Of an agent's stream, and of derived ones, it yields the items.
local agent = Agent.create { model = "mock" }
local chunks = 0
local co = agent:stream_execute("x").coroutine
while true do
  local fine, chunk = coroutine.resume(co)
  assert(fine, chunk)
  if not chunk then break end
  assert(chunk.chunk_index == chunks)
  chunks = chunks + 1
end
assert(chunks > 3 and coroutine.status(co) == "dead")
local doubled = Stream.map(Stream.create(two), function(s) return s .. s end)
assert(select(2, coroutine.resume(doubled.coroutine)) == "aa" and doubled:next() == "bb")

-- One that exists already, begun or not; its first resume gets the arguments.
local begun = coroutine.create(function() for i = 1, 3 do coroutine.yield(i) end end)
coroutine.resume(begun)
assert(Stream.create(begun):next() == 2)
assert(Stream.create(coroutine.create(function(x) coroutine.yield(x + 1) end), 41):next() == 42)
local dead = coroutine.create(two)
coroutine.close(dead)
assert(Stream.create(dead):isDone())

-- A stream in coroutine.wrap, and a wrapped stream in a stream.
local wrapped = coroutine.wrap(function() for s in Stream.create(two) do coroutine.yield(s) end end)
assert(wrapped() == "a" and wrapped() == "b" and wrapped() == nil)
