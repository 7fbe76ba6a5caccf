-- An error in a stream's function is raised where the stream is read, with its traceback; then the stream is over.
-- expect: error runtime:14 stream__errors.lua:14: broken at 3
-- expect: traceback in coroutine:
-- expect: traceback stream__errors.lua:14: in upvalue 'fail'
-- expect: traceback stream__errors.lua:20: in function
-- expect: traceback [llmspell]: in method 'next'
-- expect: traceback stream__errors.lua:45: in main chunk
-- Whoever reads on after the error gets nil:
local function items(stream)
  local read = {}
  local ok, err = pcall(function() for item in stream do read[#read + 1] = item end end)
  return #read, ok, err
end
local function fail(i) error("broken at " .. i) end
local closed = 0
local function counting()
  local at_end <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
  for i = 1, 3 do
    coroutine.yield(i)
    if i == 3 then fail(i) end
  end
end
local stream = Stream.create(counting)
local count, ok, err = items(stream)
assert(count == 3 and not ok and err:find("broken at 3$") and closed == 1)
assert(stream:next() == nil and stream:isDone() and stream.status == "failed" and #stream:collect() == 0)

-- Of a function of map or filter too; the source is cancelled.
for _, derive in ipairs { Stream.map, Stream.filter } do
  local source = Stream.create(counting)
  local derived = derive(source, function(i) return i < 2 or error({ code = i }) end)
  count, ok, err = items(derived)
  assert(count == 1 and not ok and err.code == 2 and derived:next() == nil and derived.status == "failed")
  assert(source.status == "cancelled" and source:next() == nil)
end
assert(closed == 3)

-- isDone looks ahead, and so raises it earlier; nil can be raised too.
stream = Stream.create(function() error() end)
ok, err = pcall(stream.isDone, stream)
assert(not ok and err == nil and stream:isDone() and stream:next() == nil)
assert(not pcall(stream.collect, Stream.create(fail, 1)))
local last = Stream.create(counting)
assert(last:next() + last:next() + last:next() == 6)
last:next()
