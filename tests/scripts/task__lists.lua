-- What is no list is refused, and a list may change while Task.map runs over it.
-- expect: ok
local function refused(reason, fn, ...)
  local ok, message = pcall(fn, ...)
  assert(not ok and tostring(message):find(reason, 1, true), message)
end
local function one() return 1 end
for _, name in ipairs { "all", "settle", "race" } do
  refused(("bad argument #1 to 'Task.%s' (list expected, got a table with the key 'a')"):format(name), Task[name], { a = one })
  refused(("bad argument #1 to 'Task.%s' (item 1 is nil)"):format(name), Task[name], { nil, one })
end
refused("bad argument #1 to 'Task.map' (list expected, got a table with the key 'a')", Task.map, { a = 1 }, one)
refused("(the length of the list is a string)", Task.map, setmetatable({}, { __len = function() return "x" end }), one)

local list = { 1, 2, 3 }
local results = Task.map(list, function(item)
  Task.sleep(0)
  list[#list + 1] = 9
  return item
end, { concurrency = 1 })
assert(#results == 3 and results[3] == 3)
list = { 1, 2, 3 }
results = Task.map(list, function(item)
  Task.sleep(0)
  list[#list] = nil
  return item or "gone"
end, { concurrency = 1 })
assert(#results == 3 and results[1] == 1 and results[3] == "gone")
refused("bad argument #1 to 'Task.map' (item 2 is nil)", Task.map, { 1, nil, 3 }, one)
refused("bad argument #1 to 'Task.all' (list expected, got no value)", Task.all)
