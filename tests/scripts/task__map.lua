-- Task.map: results in order, never more than `concurrency` at once, errors cancel the rest.
-- expect: ok
local open, most = 0, 0
local list = {}
for i = 1, 20 do list[i] = i end
local results = Task.map(list, function(item, index)
  assert(item == index)
  open = open + 1
  most = math.max(most, open)
  Task.sleep(0.001 * (item % 3))
  open = open - 1
  return item * item
end, { concurrency = 4 })
assert(most == 4 and #results == 20)
for i = 1, 20 do assert(results[i] == i * i) end

most = 0
Task.map(list, function()
  open = open + 1
  most = math.max(most, open)
  Task.sleep(0)
  open = open - 1
end)
assert(most == 20)
assert(#Task.map({}, print) == 0)

local ran = 0
local ok, message = pcall(Task.map, list, function(item)
  ran = ran + 1
  if item == 3 then error("third", 0) end
  Task.sleep(60)
end, { concurrency = 3 })
assert(not ok and message == "third" and ran == 3)

for _, bad in ipairs { { 1 }, { list }, { list, print, { concurrency = 0 } }, { list, print, { conurrency = 1 } } } do
  ok, message = pcall(Task.map, table.unpack(bad))
  assert(not ok and message:find("bad argument #%d to 'Task.map'"), message)
end
assert(message:find("did you mean 'concurrency'?", 1, true), message)
