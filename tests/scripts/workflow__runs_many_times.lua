-- A workflow keeps nothing between its runs, and several may run at once.
-- expect: ok
local workflow = Workflow.loop {
  range = { 1, 3 },
  steps = {
    { name = "append", retries = 1, run = function(ctx, input)
      Task.sleep(0)
      if ctx.attempt == 1 and ctx.iteration == 2 then error("again") end
      return input .. ctx.iteration
    end },
  },
}
for _ = 1, 2 do assert(workflow:execute("x").output == "x123") end
local inputs = {}
for i = 1, 20 do inputs[i] = "run" .. i .. ":" end
local results = Task.map(inputs, function(input) return workflow:execute(input) end)
for i, result in ipairs(results) do
  assert(result.success and result.output == inputs[i] .. "123" and #result.steps == 3 and result.outputs.append == result.output)
end
local twice = Workflow.parallel { steps = { { workflow = workflow, input = "a" }, { workflow = workflow, input = "b" } } }:execute()
assert(twice.outputs["step-1"] == "a123" and twice.outputs["step-2"] == "b123")
