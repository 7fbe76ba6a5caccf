-- Loops: a number of times, over a range and a list, while a condition holds.
-- expect: ok
Tool.define({ name = "join", run = function(params) return params.text end })
local function loop() return Workflow.builder():name("again"):loop() end
local function step(text) return { name = "said", type = "tool", tool = "join", input = { text = text } } end
local function said(flow, input)
  local result, found = flow:execute(input), {}
  assert(result.success, tostring(result.error))
  for i, record in ipairs(result.steps) do found[i] = tostring(record.output) end
  assert(result.iterations == #found)
  return table.concat(found, " ")
end
local thrice = Workflow.builder():loop_workflow():max_iterations(3):add_step(step("{{iteration}}.")):build()
assert(said(thrice) == "1. 2. 3." and thrice.type == "loop")
assert(said(loop():with_range({ start = 1, ["end"] = 4 }):add_step(step("{{loop.current_value}}")):build()) == "1 2 3")
assert(said(loop():with_range({ ["end"] = -3, step = -1 }):add_step(step("{{loop:current_value}}")):build()) == "0 -1 -2")
local fruit = loop():with_collection({ { name = "fig" }, { name = "plum" } })
  :add_step(step("{{input.how}} {{loop.current_item.name}} {{loop.current_index}}")):build()
assert(said(fruit, { how = "ripe" }) == "ripe fig 1 ripe plum 2")
local left = 3
local down = loop():loop_condition(function(ctx) return left > 0 and ctx.iteration < 9 end):max_iterations(10)
  :add_step({ name = "said", type = "custom", execute = function() left = left - 1 return left end }):build()
assert(said(down) == "2 1 0")
