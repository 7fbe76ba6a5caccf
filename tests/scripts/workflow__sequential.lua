-- Steps run one after the other; each agent gets what came before as text, and the result tells of all.
-- expect: ok
-- manifest: [providers.main]
-- manifest: kind = "scripted"
-- manifest: replies = [{ text = "<{input}>" }]
local agent = Agent.create { name = "writer" }
local add = Tool.define {
  name = "add", parameters = { a = "number", b = "number" }, run = function(args) return args.a + args.b end,
}
local workflow = Workflow.sequential {
  name = "all sorts",
  steps = {
    { name = "draft", agent = agent },
    { name = "edit", agent = "writer" },
    { name = "numbers", run = function(ctx) return { a = #ctx.previous, b = #ctx.outputs.draft } end },
    { name = "sum", tool = add },
    { name = "again", tool = "add", input = function(ctx) return { a = ctx.previous, b = 0.5 } end },
    { agent = agent },
  },
}
assert(tostring(workflow) == "workflow 'all sorts'" and workflow.name == "all sorts")
local result = workflow:execute { input = "tea" }
assert(result.success and result.error == nil and result.failed_step == nil and result.name == "all sorts")
assert(result.outputs.draft == "<tea>" and result.outputs.edit == "<<tea>>")
assert(result.outputs.numbers.a == 7 and result.outputs.sum == 12 and result.outputs.again == 12.5)
assert(result.outputs["step-6"] == "<12.5>" and result.output == "<12.5>")
assert(result.duration_ms > 0 and result.iterations == nil and result.branch == nil)

local types = {}
for i, step in ipairs(result.steps) do
  types[i] = step.type
  assert(step.ok and step.attempts == 1 and step.duration_ms >= 0 and step.error == nil and not step.skipped)
  assert(step.output == result.outputs[step.name] and step.iteration == nil)
end
assert(table.concat(types, " ") == "agent agent run tool tool agent")
assert(result.steps[1].result.metadata.usage.output_tokens > 0 and result.steps[4].result == nil)
