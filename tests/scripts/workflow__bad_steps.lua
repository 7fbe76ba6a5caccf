-- What is wrong with a step is told when the workflow is made: where it is, what is expected, what is near.
-- expect: ok
local agent = Agent.create { name = "writer", model = "mock" }
local tool = Tool.define { name = "adder", run = print }
local inner = Workflow.sequential { steps = { { run = print } } }
local function fails(expected, ...)
  local ok, message = pcall(Workflow.sequential, { steps = { ... } })
  assert(not ok, "no error: " .. expected)
  assert(message:find("^workflow__bad_steps.lua:%d+: bad argument #1 to 'Workflow.sequential' %(field 'steps': "), message)
  assert(message:find(expected, 1, true), message .. " / " .. expected)
end
fails("at least one item expected")
fails("item 1: table expected, got string", "writer")
fails("item 2: table expected, got no value", { run = print }, nil, { run = print })
fails("item 1: one of the fields 'agent', 'tool', 'workflow', 'run' expected, all of them are nil", { name = "x" })
fails("item 1: one of the fields 'agent', 'tool', 'workflow', 'run'", { agent = Agent.get("nobody") })
fails("item 1: either 'agent' or 'tool' expected, got both", { agent = agent, tool = tool })
fails("item 1: either 'workflow' or 'run' expected, got both", { workflow = inner, run = print })
fails("item 1: unknown field 'agnet'; did you mean 'agent'?", { agnet = agent })
fails("item 1: unknown field 'retry'", { agent = agent, retry = 2 })
fails("item 1: step expected, got the agent alone; write { agent = ... }", agent)
fails("item 2: step expected, got the workflow alone; write { workflow = ... }", { run = print }, inner)
fails("item 1: step expected, got the tool alone; write { tool = ... }", tool)

fails("item 1: field 'agent': agent or agent name expected, got table", { agent = {} })
fails("item 1: field 'agent': agent or agent name expected, got number", { agent = 1 })
fails("item 1: field 'agent': agent or agent name expected, got table", { agent = tool })
fails("item 1: field 'agent': there is no agent 'writr'; did you mean 'writer'?", { agent = "writr" })
fails("item 1: field 'agent': there is no agent 'nobody')", { agent = "nobody" })
fails("item 1: field 'tool': there is no tool 'addr'; did you mean 'adder'?", { tool = "addr" })
fails("there is no tool 'nowhere'; define it with Tool.define, or grant it in the manifest", { tool = "nowhere" })
fails("item 1: field 'tool': tool or tool name expected, got table", { tool = agent })
fails("item 1: field 'workflow': workflow expected, got string", { workflow = "inner" })
fails("item 1: field 'workflow': workflow expected, got table", { workflow = { steps = {} } })
fails("item 1: field 'run': function expected, got string", { run = "print" })

fails("item 1: field 'name': string expected, got integer", { name = 1, run = print })
fails("item 2: field 'name': 'a' is the name of item 1 already", { name = "a", run = print }, { name = "a", run = print })
fails("item 2: field 'name': 'step-2' is the name of item 1 already", { name = "step-2", run = print }, { run = print })
fails("item 1: field 'retries': integer expected, got float", { run = print, retries = 1.5 })
fails("item 1: field 'retries': 0 to 1000 expected", { run = print, retries = -1 })
fails("item 1: field 'retries': 0 to 1000 expected", { run = print, retries = math.maxinteger })
fails("item 1: field 'retry_delay': a number of seconds from 0 to a year expected", { run = print, retry_delay = -1 })
fails("item 1: field 'timeout': a number of seconds from 0 to a year expected", { run = print, timeout = 0 / 0 })
fails("item 1: field 'timeout': a number of seconds from 0 to a year expected", { run = print, timeout = 1e12 })
fails("item 1: field 'timeout': number expected, got string", { run = print, timeout = "1s" })
fails("item 1: field 'error_strategy': 'fail_fast', 'continue' or 'retry' expected, got 'ignore'",
  { run = print, error_strategy = "ignore" })
