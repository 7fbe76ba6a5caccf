-- A tool called in every spelling, the granted ones of the host among them.
-- expect: result {"sums": [5, 5, 5, 5, 5, 5, 5], "file": true}
-- manifest: [security]
-- manifest: allowed_tools = ["file_reader"]
-- manifest: [tools.file_reader]
-- manifest: roots = [{ path = "../../configs/texts" }]
Tool.define({
  name = "sum-up",
  parameters = { left = "number", right = "number" },
  run = function(params) return params.left + params.right end,
})
local params = { left = 2, right = 3 }
local tool = Tool.get("sum-up")
local sums = {
  Tool.execute("sum-up", params),
  Tool.invoke("sum-up", params),
  Tool["sum-up"]:execute(params),
  Tool["sum-up"].execute(params),
  tool:execute(params),
  tool.execute(params),
  tool:invoke(params),
}
local run = tool.execute
assert(run(params) == 5 and run(tool, params) == 5)
assert(Tool.exists("sum-up") and Tool["nothing-such"] == nil)

-- What is wrong is said as ever.
local ok, problem = pcall(function() return Tool["sum-up"].execute({ left = 1 }) end)
assert(not ok and tostring(problem):find("the argument 'right' is missing", 1, true), tostring(problem))
ok, problem = pcall(Tool.invoke, "sum-it-up", params)
assert(not ok and tostring(problem):find("sum-it-up", 1, true), tostring(problem))
ok, problem = pcall(function() return Tool.excute("sum-up", params) end)
assert(not ok and problem:find("did you mean 'execute'?", 1, true), problem)
return { sums = sums, file = #Tool.file_reader:execute({ path = "lighthouse.txt" }) > 100 }
