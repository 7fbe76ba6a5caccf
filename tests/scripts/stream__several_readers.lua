-- Several tasks may read one stream: each item goes to one of them, and all learn of the end.
-- expect: ok
local function numbers(n, wait)
  return (Stream.create(function()
    for i = 1, n do
      if wait then Task.sleep(0) end
      coroutine.yield(i)
    end
  end))
end
local makers = {
  function(n) return numbers(n, false) end,
  function(n) return numbers(n, true) end,
  function(n) return (Stream.map(numbers(n, true), function(i) Task.sleep(0) return i end)) end,
  function(n) return (Stream.map(Stream.merge { numbers(n, true) }, function(given) return given.item end)) end,
}
for _, make in ipairs(makers) do
  local stream, got, ended = make(40), {}, 0
  local function read()
    for item in stream do
      got[#got + 1] = item
      if #got % 3 == 0 then Task.sleep(0) end
    end
    ended = ended + 1
  end
  Task.all { read, read, read, read, read }
  table.sort(got)
  assert(#got == 40 and ended == 5)
  for i, item in ipairs(got) do assert(item == i) end
end

-- Readers that are cancelled while they wait for their turn take nothing with them.
for _, make in ipairs { makers[2], makers[4] } do
  local stream, got = make(30), {}
  local function read() for item in stream do got[#got + 1] = item end end
  local reader = Task.spawn(read)
  for _ = 1, 10 do
    local waiting = Task.spawn(read)
    Task.sleep(0)
    waiting:cancel()
  end
  reader:await()
  assert(#got == 30 and stream:isDone(), #got)
end

-- A merged stream, and a model's answer, lose nothing even with a reader that is cancelled in the middle of reading.
local merged, items = Stream.merge { numbers(30, true), numbers(30, true) }, 0
local function read_merged() for _ in merged do items = items + 1 end end
for _ = 1, 20 do
  local reader = Task.spawn(read_merged)
  Task.sleep(0)
  reader:cancel()
end
read_merged()
assert(items == 60, items)
local stream, index = Agent.create { model = "mock" }:stream_execute("x"), 0
local function read_chunks()
  for chunk in stream do
    assert(chunk.chunk_index == index, index)
    index = index + 1
  end
end
for _ = 1, 20 do
  local reader = Task.spawn(read_chunks)
  Task.sleep(0)
  reader:cancel()
end
read_chunks()
assert(index > 5 and stream:collect().text:find("You said"))

-- A function that runs in a task is cancelled with it; the others learn of the end.
local closed = 0
local own = Stream.create(function()
  local at_end <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
  coroutine.yield(1)
  Task.sleep(3600)
end)
own:next()
local holder = Task.spawn(own.next, own)
local others = { Task.spawn(own.next, own), Task.spawn(own.isDone, own) }
Task.sleep(0.001)
holder:cancel()
assert(closed == 1 and others[1]:await() == nil and others[2]:await() == true and own.status == "cancelled")

-- Reading a stream from within its own function is an error and not a deadlock.
local knot
knot = Stream.create(function() coroutine.yield(knot:next()) end)
local ok, err = pcall(knot.next, knot)
assert(not ok and err:find("this task is reading the stream already", 1, true), err)
