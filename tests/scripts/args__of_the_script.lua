-- Arguments come as varargs, as arg, as Run.args and in __context; __context can only be read.
-- args: one --two 3
-- expect: ok
local a, b, c, d = ...
assert(select("#", ...) == 3 and a == "one" and b == "--two" and c == "3" and d == nil)
assert(arg[0] == "args__of_the_script.lua" and #arg == 3 and arg[2] == "--two")
assert(#Run.args == 3 and Run.args[3] == "3" and Run.id:find("^run%-%x+$"))

assert(__context.run_id == Run.id and __context.script == arg[0] and __context.args[1] == "one")
assert(__context.nothing == nil and #__context.args == 3)
local seen = {}
for key in pairs(__context) do seen[#seen + 1] = key end
table.sort(seen)
assert(table.concat(seen, " ") == "args providers run_id script tools")
assert(__context.providers[1] == "scripted" and #__context.tools == 0)
for _, change in ipairs {
  function() __context.run_id = "forged" end,
  function() __context.new = 1 end,
  function() __context.args[1] = "forged" end,
  function() __context.tools[1] = "forged" end,
} do
  local ok, message = pcall(change)
  assert(not ok and message:find("args__of_the_script.lua:%d+: '__context[%.%a]*' is read%-only"), message)
end
assert(__context.args[1] == "one" and getmetatable(__context) == false)
