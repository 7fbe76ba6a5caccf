-- What is wrong in a chain is said where it stands, in words of the script.
-- expect: ok
local function fails(expected, f)
  local ok, problem = pcall(f)
  assert(not ok and tostring(problem):find(expected, 1, true), tostring(problem))
  assert(tostring(problem):find("^wild__workflow_mistakes.lua:%d+: "), tostring(problem))
end
local function new() return Workflow.builder():name("w") end
Tool.define({ name = "t", run = function() end })
fails("say what the workflow is", function() new():build() end)
fails("'steps': at least one item expected", function() new():sequential():build() end)
fails("field 'type': 'agent' needs the field 'agent'", function() new():add_step({ name = "a", type = "agent" }) end)
fails("unknown field 'inputs'; did you mean 'input'?", function() new():add_step({ name = "a", tool = "t", inputs = {} }) end)
fails("there is no tool 'u'; did you mean 't'?", function() new():sequential():add_step({ tool = "u" }):build() end)
fails("needs :condition", function() new():conditional():add_then_step({ tool = "t" }):build() end)
fails("a condition is a function", function() new():condition({ type = "custom", expression = "x > 1" }) end)
fails("a condition is a function", function() new():with_while("x < 3") end)
fails("a condition is a function", function() new():condition({ type = "not" }) end)
fails("bad argument #1 to 'condition' (string expected", function() new():condition({ type = "shared_data_exists" }) end)
fails("a loop needs :max_iterations", function() new():loop():add_step({ tool = "t" }):build() end)
fails("'error_strategy'", function() new():sequential():error_strategy("skip"):add_step({ tool = "t" }):build() end)
fails("call 'add_step' with ':'", function() new().add_step({ tool = "t" }) end)
fails("did you mean 'sequential'?", function() new():sequental() end)
local plain = Workflow.sequential({ steps = { { run = function() return 1 end } } })
fails("'get_output' is a method of workflows of Workflow.builder()", function() plain:get_output("x") end)
assert(plain:execute({}).text == nil and not pcall(plain.execute, plain, { other = 1 }))

-- A limit of time is the whole workflow's.
local slow = new():sequential():timeout_ms(20)
  :add_step({ name = "a", type = "custom", execute = function() Task.sleep(5) end }):build()
local result = slow:execute({})
assert(not result.success and result.error.kind == "timeout" and #result.steps == 0 and result.failed_step == nil)

-- A step's input may be as deep as data may be, and no deeper.
local deep = {}
deep.deep = deep
local endless = new():sequential():add_step({ name = "a", type = "tool", tool = "t", input = deep }):build():execute({})
assert(not endless.success and tostring(endless.error):find("128 levels", 1, true))
