-- workflow.lua: steps in sequence, at once, by condition, in a loop. An execution keeps its state in a table of its own
-- (`run`), so that a workflow may run many times, also at once. A step that fails is recorded, not raised.
local host = ...
local _ENV = host.env
local T, spawn, new_group = host.task, host.spawn, host.new_group
local sleep, timeout = Task.sleep, Task.timeout
local execute_agent, execute_tool = host.execute_agent, host.execute_tool

local methods = {}
local meta = host.class("workflow", methods)
meta.__metatable = false
meta.__tostring = function(workflow) return ("workflow '%s'"):format(workflow.name) end
local definitions = host.workflow_definitions

local function milliseconds_since(start)
  return math.floor((host.call("os.clock") - start) * 1e6 + 0.5) / 1e3
end

-- What the script's functions get: a new table each time, so that writing to it changes nothing here.
local function context(run, step, attempt)
  return {
    workflow = run.name, step = step and step.name, attempt = attempt, input = run.input, previous = run.previous,
    outputs = run.outputs, item = run.item, iteration = run.iteration,
  }
end

local function text_of(value)
  if type(value) == "table" and type(value.text) == "string" then return value.text end
  return type(value) == "string" and value or host.stringify(value)
end

local execute -- (workflow, input) -> result

-- How each kind of step runs: it gives the output, and puts what more there is to tell into the step's record. `input`
-- is the step's own (then `own` is true) or what came before it.
local calls = {}

function calls.agent(step, input, own, record)
  if input == nil then
    host.fail("argument", ("step '%s': the agent has no input: give the step or the workflow one"):format(step.name))
  end
  local output = execute_agent(step.callee, own and type(input) == "table" and input or text_of(input))
  record.result = output
  return output.data == nil and output.text or output.data
end

function calls.tool(step, input, own)
  if not own and input ~= nil and type(input) ~= "table" then
    host.fail("argument", ("step '%s': a tool takes a table of arguments, and what came before it is a %s: give the "
      .. "step an input, {} for none"):format(step.name, type(input)))
  end
  return (execute_tool(step.callee, input))
end

function calls.workflow(step, input, _, record)
  local result = execute(step.callee, input)
  record.result = result
  if not result.success then error(result.error, 0) end
  return result.output
end

function calls.run(step, input, _, record, run)
  return (step.run(context(run, step, record.attempts), input))
end

local function attempt_step(run, step, record)
  local input = step.input
  if type(input) == "function" then input = input(context(run, step, record.attempts)) end
  local own = input ~= nil
  if not own then input = run.given end
  return (calls[step.type](step, input, own, record, run))
end

-- The host's errors that another attempt does not mend.
local lasting = {
  argument = true, auth = true, cancelled = true, denied = true, invalid_media = true, not_found = true,
  refused = true, streaming_not_supported = true,
}

local timer_meta = { __close = function(timer) timer.record.duration_ms = milliseconds_since(timer.start) end }

-- Run one step to its end and put what became of it into its record.
local function run_step(run, step, record)
  local timer <close> = setmetatable({ record = record, start = host.call("os.clock") }, timer_meta)
  repeat
    if record.attempts > 0 then sleep(step.retry_delay) end
    record.attempts, record.result, record.error = record.attempts + 1, nil, nil
    local ok, value
    if step.timeout then
      ok, value = pcall(timeout, step.timeout, attempt_step, run, step, record)
    else
      ok, value = pcall(attempt_step, run, step, record)
    end
    record.ok = ok
    record[ok and "output" or "error"] = value
  until ok or record.attempts >= step.attempts or host.is(value, host.error_meta) and lasting[value.kind]
end

local function new_record(run, step)
  local record = {
    name = step.name, type = step.type, ok = false, attempts = 0, duration_ms = 0, iteration = run.iteration,
  }
  run.steps[#run.steps + 1] = record
  return record
end

-- Take the ended step into account: does the workflow go on?
local function goes_on(run, step, record)
  if record.ok then
    rawset(run.outputs, step.name, record.output)
    return true
  end
  if not step.optional and (run.success or not step.goes_on) then
    run.success, run.error, run.failed_step = false, record.error, step.name
  end
  return step.goes_on
end

local function run_sequence(run, steps)
  local going = true
  for _, step in ipairs(steps) do
    local record = new_record(run, step)
    if going then
      run_step(run, step, record)
      going = goes_on(run, step, record)
      if record.output ~= nil then run.previous, run.given = record.output, record.output end
    else
      record.skipped = true
    end
  end
  return going
end

-- How each kind of workflow runs.
local kinds = {}

function kinds.sequential(definition, run)
  run_sequence(run, definition.steps)
end

function kinds.parallel(definition, run)
  T.check_wait() -- before anything runs
  local steps, records, places, group = definition.steps, {}, {}, new_group()
  for place, step in ipairs(steps) do records[place] = new_record(run, step) end
  local started, going = 0, true
  local function start_next()
    started = started + 1
    local step = steps[started]
    places[spawn(run_step, group, "step " .. step.name, run, step, records[started])] = started
  end
  for _ = 1, math.min(definition.max_concurrency, #steps) do start_next() end
  while next(places) do
    local task = T.take(group)
    local place = places[task]
    local record = records[place]
    places[task] = nil
    local ok, problem = pcall(T.await, task) -- it fails when it was cancelled, or left a task running that failed
    if not ok then record.ok, record.output, record.error = false, nil, problem end
    if going then
      going = goes_on(run, steps[place], record)
      if not going then
        for other in pairs(places) do T.cancel(other) end
      elseif started < #steps then
        start_next()
      end
    end
  end
  for _, record in ipairs(records) do
    if record.attempts == 0 then record.skipped, record.error = true, nil end
  end
  run.previous = run.outputs
end

function kinds.conditional(definition, run)
  for _, branch in ipairs(definition.branches) do
    if branch.when(context(run)) then
      run.branch = branch.name
      return run_sequence(run, branch.steps)
    end
  end
  if definition.otherwise then
    run.branch = "otherwise"
    run_sequence(run, definition.otherwise)
  end
end

function kinds.loop(definition, run)
  run.iterations = 0
  local function iterate(item)
    if run.iterations >= definition.max_iterations then
      host.fail("workflow", ("workflow '%s' is not done after max_iterations = %d"):format(run.name, run.iterations))
    end
    run.iterations = run.iterations + 1
    run.iteration, run.item = run.iterations, item
    if definition.over then run.given = item end
    return run_sequence(run, definition.steps)
  end
  local range, list = definition.range, definition.over
  if definition.while_ then
    repeat run.iteration = run.iterations + 1 until not definition.while_(context(run)) or not iterate()
  elseif range then
    for number = range.from, range.to, range.step do
      if not iterate(number) then return end
    end
  else
    if type(list) == "function" then list = list(context(run)) end
    local count, reason = host.count(list)
    if not count then host.fail("argument", ("workflow '%s': what 'over' gave: %s"):format(run.name, reason)) end
    for i = 1, count do
      if not iterate(list[i]) then return end
    end
  end
end

function execute(workflow, input)
  local definition, start = definitions[workflow], host.call("os.clock")
  local run = { name = definition.name, input = input, given = input, outputs = {}, steps = {}, success = true }
  local ok, problem = pcall(kinds[definition.kind], definition, run)
  if not ok then run.success, run.error, run.failed_step = false, problem, nil end
  return {
    name = run.name, success = run.success, output = run.previous, outputs = run.outputs, steps = host.array(run.steps),
    error = run.error, failed_step = run.failed_step, branch = run.branch, iterations = run.iterations,
    duration_ms = milliseconds_since(start),
  }
end

-- Run it with an input: { input = value }, a value that is no table, or nothing. A failing step raises no error; the
-- result says so.
function methods:execute(given)
  host.check_self(self, meta, "execute")
  local input = given
  if type(given) == "table" then
    for key in pairs(given) do
      if key ~= "input" then
        local reason = ("unknown field '%s'; a table is taken as { input = ... }"):format(host.short(key))
        host.bad_argument("workflow:execute", 1, reason)
      end
    end
    input = given.input
  end
  return (execute(self, input)) -- no tail call: a traceback names this method
end

local Workflow = {}

for kind in pairs(kinds) do
  Workflow[kind] = function(given)
    local definition = host.define_workflow(kind, given)
    local workflow = setmetatable({ name = definition.name }, meta)
    definitions[workflow] = definition
    return workflow
  end
end

host.module("Workflow", Workflow)
