-- Steps run at once, each with the workflow's input; the records are in the order of the definition.
-- expect: ok
local order, steps = {}, {}
for i = 1, 4 do
  steps[i] = { name = "s" .. i, run = function(ctx, input)
    assert(ctx.previous == nil and input == "in")
    order[#order + 1] = "start " .. i
    Task.sleep(0.01 * (5 - i))
    order[#order + 1] = "end " .. i
    return i * i
  end }
end
local result = Workflow.parallel { name = "squares", steps = steps }:execute("in")
assert(table.concat(order, " ", 1, 4) == "start 1 start 2 start 3 start 4" and #order == 8)
assert(result.success and result.outputs.s1 == 1 and result.outputs.s4 == 16)
for i, step in ipairs(result.steps) do assert(step.name == "s" .. i and step.ok and step.output == i * i) end

-- Its output is all outputs by name, so that a step after it has them all.
assert(result.output.s1 == 1 and result.output.s2 == 4)
local after = Workflow.sequential { steps = {
  { workflow = Workflow.parallel { steps = steps } },
  { run = function(_, outputs) return outputs.s3 + outputs.s4 end },
} }:execute("in")
assert(after.output == 25)
