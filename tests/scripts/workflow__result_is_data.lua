-- A result can be returned and printed as JSON, also one of a failure.
-- expect: result {"success": false, "steps": 2, "error": "not_found", "outputs": "{}", "none": "[]"}
local agent = Agent.create { model = "mock", tools = { "nowhere" } }
local result = Workflow.sequential { steps = { { name = "ask", agent = agent }, { run = print } } }:execute("x")
local back = JSON.parse(JSON.stringify(result))
local none = Workflow.loop { over = {}, steps = { { run = print } } }:execute()
return {
  success = back.success, steps = #back.steps, error = back.error.kind, outputs = JSON.stringify(back.outputs),
  none = JSON.stringify(none.steps),
}
