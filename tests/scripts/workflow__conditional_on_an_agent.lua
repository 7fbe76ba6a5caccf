-- The usual router: an agent classifies, a conditional workflow takes what it said.
-- expect: result ["billing", "Invoice sent."]
-- manifest: [providers.main]
-- manifest: kind = "scripted"
-- manifest: [[providers.main.replies]]
-- manifest: match = "I want my money"
-- manifest: text = "billing"
-- manifest: [[providers.main.replies]]
-- manifest: match = "Billing case"
-- manifest: text = "Invoice sent."
local classifier, clerk = Agent.create { name = "classifier" }, Agent.create { name = "clerk" }
local chosen
local route = Workflow.conditional {
  branches = {
    { name = "technical", when = function(ctx) return ctx.input == "technical" end, steps = { { run = error } } },
    { name = "billing", when = function(ctx) return ctx.input == "billing" end, steps = {
      { agent = clerk, input = function(ctx) chosen = ctx.input return "Billing case: " .. ctx.input end },
    } },
  },
}
local result = Workflow.sequential { steps = { { agent = classifier }, { workflow = route } } }:execute("I want my money")
return { chosen, result.output }
