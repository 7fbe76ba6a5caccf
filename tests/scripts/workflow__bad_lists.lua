-- What a loop cannot go through is an error that says so: in the definition, or in the result.
-- expect: ok
local steps = { { run = function(ctx) return ctx.item end } }
local function refused(reason, fields)
  fields.steps = steps
  local ok, message = pcall(Workflow.loop, fields)
  assert(not ok and message:find("bad argument #1 to 'Workflow.loop' (field '" .. reason, 1, true), message)
end
refused("over': item 2 is nil)", { over = { 1, nil, 3 } })
refused("over': list expected, got a table with the key 'a')", { over = { a = 1 } })
refused("range': field 'to': number expected, got NaN)", { range = { 1, 0 / 0 } })
refused("range': field 'from': number expected, got NaN)", { range = { from = 0 / 0, to = 5 } })
refused("over': list expected, got a table with the key 'a", { over = { ["a\0b"] = 1 } })

local function given(value) return Workflow.loop { over = function() return value end, steps = steps }:execute() end
for reason, value in pairs {
  ["list expected, got integer"] = 5, ["item 1 is nil"] = { nil, 2 }, ["with the key 'a'"] = { a = 1 },
  ["the length of the list is a string"] = setmetatable({}, { __len = function() return "x" end }),
} do
  local result = given(value)
  assert(not result.success and result.error.kind == "argument" and result.error.message:find(reason, 1, true), result.error)
end
assert(given(nil).error.message:find("what 'over' gave: list expected, got no value", 1, true))
assert(given {}.success and given { 1, 2 }.output == 2)
