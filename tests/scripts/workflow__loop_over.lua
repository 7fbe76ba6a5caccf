-- A loop over a list: the first step of each iteration gets the item, and every step is recorded with its iteration.
-- expect: ok
-- manifest: [providers.main]
-- manifest: kind = "scripted"
-- manifest: replies = [{ text = "<{input}>" }]
local agent = Agent.create {}
local words = {}
local workflow = Workflow.loop {
  over = { "tea", "milk", "salt" },
  steps = {
    { name = "ask", agent = agent },
    { name = "keep", run = function(ctx, input)
      assert(input == ctx.outputs.ask)
      words[#words + 1] = ctx.iteration .. ctx.item .. input
      return #words
    end },
  },
}
local result = workflow:execute()
assert(result.success and result.iterations == 3 and result.output == 3 and result.outputs.ask == "<salt>")
assert(table.concat(words, " ") == "1tea<tea> 2milk<milk> 3salt<salt>", table.concat(words, " "))
assert(#result.steps == 6 and result.steps[3].name == "ask" and result.steps[3].iteration == 2)
assert(result.steps[3].output == "<milk>")

-- A function gives the list when the workflow runs, such as what it was executed with.
local double = Workflow.loop {
  over = function(ctx) return ctx.input end,
  steps = { { name = "sum", run = function(ctx, item) return (ctx.outputs.sum or 0) + item end } },
}
assert(double:execute { input = { 1, 2, 3 } }.output == 6 and double:execute { input = { 5 } }.output == 5)
result = double:execute { input = {} }
assert(result.success and result.iterations == 0 and result.output == nil and #result.steps == 0)
result = double:execute("no list")
assert(not result.success and tostring(result.error) == "argument: workflow 'loop': what 'over' gave: list expected, got string")

-- max_iterations is a bound, not a way to take the first few.
local function bounded(list)
  return Workflow.loop { name = "few", over = list, max_iterations = 2, steps = { { run = function(ctx) return ctx.item end } } }:execute()
end
assert(bounded({ 1, 2 }).success)
result = bounded({ 1, 2, 3 })
assert(not result.success and result.iterations == 2 and result.output == 2 and result.failed_step == nil)
assert(tostring(result.error) == "workflow: workflow 'few' is not done after max_iterations = 2", result.error)
