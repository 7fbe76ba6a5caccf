-- A chained agent whose model calls a tool of the script.
-- expect: output The sum is 12.
-- expect: output add-numbers
-- manifest: [providers.scripted]
-- manifest: kind = "scripted"
-- manifest: [[providers.scripted.replies]]
-- manifest: match = "five and seven"
-- manifest: tool_calls = [{ name = "add-numbers", arguments = { a = 5, b = 7 } }]
-- manifest: [[providers.scripted.replies]]
-- manifest: text = "The sum is {input}."
Tool.define({
  name = "add-numbers",
  parameters = { a = "number", b = "number" },
  run = function(params) return tostring(params.a + params.b) end,
})
local list = { "add-numbers" }
local calculator = Agent.builder():model("mock"):tools(list):build()
local answer = calculator:execute({ prompt = "Add five and seven." })
print(answer.text)
print(answer.tool_calls[1].name)
local one_by_one = Agent.builder():model("mock"):tool("add-numbers"):tool(calculator):build()
assert(one_by_one and #list == 1)
