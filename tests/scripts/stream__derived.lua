-- map, filter and take are lazy, and let go of what they read from.
-- expect: ok
local made = 0
local function numbers(n)
  return (Stream.create(function()
    for i = 1, n or math.huge do
      made = i
      coroutine.yield(i)
    end
  end))
end
local function list(stream) return table.concat(stream:collect(), " ") end
assert(list(Stream.map(numbers(4), function(i) return i * i end)) == "1 4 9 16")
assert(list(Stream.filter(numbers(6), function(i) return i % 2 == 0 end)) == "2 4 6")
assert(list(Stream.map(numbers(4), function(i) if i ~= 2 then return i, "only the first" end end)) == "1 3 4")

-- Nothing is read before it is asked for, and no more than that.
local source = numbers()
local three = Stream.take(Stream.map(source, tostring), 3)
made = 0
assert(three.status == "ready" and made == 0 and three:next() == "1" and made == 1)
assert(list(three) == "2 3" and made == 3 and three.status == "done" and source.status == "cancelled")
assert(three:next() == nil and source:next() == nil)

-- The source is cancelled with the last item, not when one more is asked for.
source = numbers()
local one = Stream.take(source, 1)
assert(one:next() == 1 and source.status == "cancelled" and one:isDone())
source = numbers()
assert(Stream.take(source, 0):isDone() and source.status == "cancelled")
assert(list(Stream.take(numbers(2), 5)) == "1 2")
source = Agent.create { model = "mock" }:stream_execute("x")
assert(Stream.take(source, 0):next() == nil and source.status == "cancelled")

-- Cancelling reaches through; several functions of one stream.
source = numbers()
local derived = Stream.filter(Stream.map(source, function(i) return i + 1 end), function(i) return i > 3 end)
assert(derived:next() == 4)
derived:cancel()
assert(source.status == "cancelled" and derived:next() == nil)

-- Of a model's answer, and functions that wait.
local agent = Agent.create { model = "mock" }
local words = Stream.filter(agent:stream_execute("x"), function(chunk) return chunk.content.text end)
local loud = Stream.map(words, function(chunk)
  Task.sleep(0)
  return chunk.content.text:upper()
end)
assert(loud:text() == agent:execute("x").text:upper())

-- In a comparator Lua cannot wait for tasks; what needs none works.
local got
table.sort({ 1, 2 }, function(a, b)
  got = got or list(Stream.take(Stream.map(agent:stream_execute("x"), function(c) return c.content.type end), 2))
  return a < b
end)
assert(got == "control text")
