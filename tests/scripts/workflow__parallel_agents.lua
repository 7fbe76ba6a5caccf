-- Agents are asked at once, also one and the same; each answer is where its step stands.
-- expect: result ["<1>", "<2>", "<3>", "<4>"]
-- manifest: [providers.main]
-- manifest: kind = "scripted"
-- manifest: replies = [{ text = "<{input}>", delay = "20ms" }]
local agent, steps = Agent.create {}, {}
local asked = 0
for i = 1, 4 do
  steps[i] = { agent = agent, input = function()
    asked = asked + 1
    Task.sleep(0)
    assert(asked == 4, "the others are not asked yet")
    return i
  end }
end
local result = Workflow.parallel { steps = steps }:execute()
local texts = {}
for i, step in ipairs(result.steps) do texts[i] = step.output end
return texts
