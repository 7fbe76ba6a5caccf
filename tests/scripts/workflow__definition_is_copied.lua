-- A workflow is what was given when it was made: changing those tables later, or the globals, changes nothing.
-- expect: result ["tea", "one", "onetwo", 3]
local step = { name = "one", run = function() return "one" end }
local list = { "one", "two" }
local given = { steps = { step }, name = "given" }
local workflow = Workflow.sequential(given)
local loop = Workflow.loop { over = list, steps = { { run = function(ctx) return (ctx.previous or "") .. ctx.item end } } }
local agent = Agent.create { name = "a", model = "mock" }
local asks = Workflow.sequential { steps = { { agent = agent, timeout = 10 }, { run = function(ctx) return "tea" end } } }
local all = Workflow.parallel { max_concurrency = 1, steps = { { workflow = workflow }, { workflow = loop }, { workflow = asks } } }
step.run, step.name, given.steps, given.name, list[3] = error, "other", nil, "other", "three"
workflow.name = "other"
for _, name in ipairs { "pcall", "error", "ipairs", "pairs", "next", "type", "table", "math", "setmetatable", "rawset", "select" } do
  _ENV[name] = nil
end
local function fail() return nil + 1 end
Task.timeout, Task.sleep, Task.spawn, Agent.get, Tool.get, agent.execute = fail, fail, fail, fail, fail, fail
local result = all:execute("x")
local outputs = result.outputs
return { outputs["step-3"], outputs["step-1"], outputs["step-2"], #result.steps }
