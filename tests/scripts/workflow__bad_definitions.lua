-- What is wrong with a workflow is told when it is made.
-- expect: ok
local steps = { { run = print } }
local function fails(expected, f, given)
  local ok, message = pcall(f, given)
  assert(not ok, "no error: " .. expected)
  assert(message:find(expected, 1, true), message .. " / " .. expected)
  assert(message:find("^workflow__bad_definitions.lua:%d+: bad argument #1 to 'Workflow%.%l+' "), message)
end
fails("to 'Workflow.sequential' (table expected, got no value)", Workflow.sequential)
fails("(field 'steps': table expected, got no value)", Workflow.sequential, {})
fails("(field 'steps': at least one item expected)", Workflow.parallel, { steps = {} })
fails("(field 'steps': a list expected, got a table with the key 'run')", Workflow.sequential, { steps = steps[1] })
fails("(a value without a field's name; the fields are error_strategy, name, steps)", Workflow.sequential, { steps })
fails("(unknown field 'setps'; did you mean 'steps'?)", Workflow.sequential, { steps = steps, setps = steps })
fails("(unknown field 'max_concurrency'; the fields are ", Workflow.sequential, { steps = steps, max_concurrency = 2 })
fails("(field 'name': string expected, got integer)", Workflow.sequential, { steps = steps, name = 1 })
fails("(field 'error_strategy': 'fail_fast', 'continue' or 'retry' expected, got 'stop')",
  Workflow.loop, { steps = steps, range = { 1, 2 }, error_strategy = "stop" })

fails("to 'Workflow.parallel' (field 'max_concurrency': at least 1 expected)",
  Workflow.parallel, { steps = steps, max_concurrency = 0 })
fails("(field 'max_concurrency': integer expected, got string)", Workflow.parallel, { steps = steps, max_concurrency = "2" })

local function always() return true end
local conditional = Workflow.conditional
fails("to 'Workflow.conditional' (field 'branches': table expected, got no value)", conditional, { otherwise = steps })
fails("(field 'branches': at least one item expected)", conditional, { branches = {} })
fails("(field 'branches': item 1: field 'when': function expected, got boolean)",
  conditional, { branches = { { when = true, steps = steps } } })
fails("(field 'branches': item 1: field 'when': function expected, got no value)", conditional, { branches = { { steps = steps } } })
fails("(field 'branches': item 1: unknown field 'wen'; did you mean 'when'?)",
  conditional, { branches = { { when = always, wen = always, steps = steps } } })
fails("(field 'branches': item 1: field 'steps': item 1: unknown field 'rnu'", conditional,
  { branches = { { when = always, steps = { { rnu = print } } } } })
fails("(field 'branches': item 2: field 'name': 'a' is the name of item 1 already)", conditional,
  { branches = { { name = "a", when = always, steps = steps }, { name = "a", when = always, steps = steps } } })
fails("(field 'otherwise': at least one item expected)",
  conditional, { branches = { { when = always, steps = steps } }, otherwise = {} })

local loop = Workflow.loop
fails("to 'Workflow.loop' (one of the fields 'over', 'range', 'while_' expected, all of them are nil)", loop, { steps = steps })
fails("(either 'over' or 'while_' expected, got both)", loop, { steps = steps, over = {}, while_ = always })
fails("(field 'over': table or function expected, got string)", loop, { steps = steps, over = "abc" })
fails("(field 'while_': function expected, got boolean)", loop, { steps = steps, while_ = true })
fails("(field 'max_iterations': at least 1 expected)", loop, { steps = steps, over = {}, max_iterations = 0 })
fails("(field 'range': field 'to': number expected, got no value)", loop, { steps = steps, range = { 1 } })
fails("(field 'range': field 'from': number expected, got string)", loop, { steps = steps, range = { "1", 2 } })
fails("(field 'range': unknown field 'stop'; did you mean 'step'?)", loop, { steps = steps, range = { from = 1, to = 2, stop = 1 } })
fails("(field 'range': field 'step': a number other than 0 expected)", loop, { steps = steps, range = { 1, 2, 0 } })
fails("(field 'range': { from, to, step } expected, got 4 items)", loop, { steps = steps, range = { 1, 2, 3, 4 } })
