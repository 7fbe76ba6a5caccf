-- workflow_builder.lua: Workflow.builder(), for those who chain, as rs-llmspell's scripts do: it collects steps in
-- their words and gives them to the constructors in ours; its workflows tell of an execution in their words too.
local host = ...
local _ENV = host.env
local check, copy, view, render = host.check, host.copy, host.view, host.render
local new_workflow = copy(Workflow)

local WRAPPED = "(steps)" -- the name of the step of a workflow that holds what was built

local step_rules = {
  name = "string?", type = "string?", agent = "string|table?", tool = "string|table?", workflow = "table?",
  run = "function?", execute = "function?", input = "string|number|boolean|table|function?", error_strategy = "string?",
  timeout = "number?", timeout_ms = "number?", retry_delay = "number?",
  retries = "integer?", retry_count = "integer?", retry_attempts = "integer?",
}

-- A step in the words of Workflow.sequential. In a branch, one without an input gets what came before the condition.
local function new_step(fn, asked, in_branch)
  local step = copy(host.check_fields(fn, 1, asked, step_rules))
  local kind, input = step.type, step.input
  step.run, step.retries = step.run or step.execute, step.retries or step.retry_count or step.retry_attempts
  step.timeout = step.timeout or step.timeout_ms and step.timeout_ms / 1000
  step.type, step.execute, step.retry_count, step.retry_attempts, step.timeout_ms = nil, nil, nil, nil, nil
  if kind and kind ~= "custom" and step[kind] == nil then
    host.bad_argument(fn, 1, ("field 'type': '%.40s' needs the field '%.40s', which is nil"):format(kind, kind))
  end
  local run = step.run
  if run then step.run = function(ctx, value) return run(view(ctx), value) end end
  if type(input) == "function" then
    step.input = function(ctx) return input(view(ctx)) end
  elseif input ~= nil then
    step.input = function(ctx) return render(view(ctx), input, 1) end
  elseif step.tool then
    step.input = {}
  elseif in_branch then
    step.input = function(ctx)
      local seen = view(ctx)
      local value = seen.input
      if seen.previous ~= nil then value = seen.previous end
      if step.agent and value ~= nil then return type(value) == "table" and value.text or host.text_of(value) end
      return value
    end
  end
  return step
end

local range_rules = { start = "integer?", ["end"] = "integer", step = "integer?" }

local methods = {
  add_step = function(t, step)
    t.steps = t.steps or {}
    t.steps[#t.steps + 1] = new_step("add_step", step)
  end,
  condition = function(t, condition) t.condition = host.predicate(condition) end,
  -- what a loop goes over, in the words of Workflow.loop
  loop_condition = function(t, condition) t.over = { while_ = host.predicate(condition) } end,
  with_collection = function(t, list) t.over = { over = list } end,
  with_range = function(t, range) -- the end itself is not in it
    host.check_fields("with_range", 1, range, range_rules)
    local step = range.step or 1
    t.over = { range = { range.start or 0, range["end"] - (step > 0 and 1 or -1), step } }
  end,
  timeout_ms = function(t, ms) t.timeout = check("timeout_ms", 1, ms, "number") / 1000 end,
}
methods.with_while = methods.loop_condition
for _, kind in ipairs { "then", "else" } do
  methods["add_" .. kind .. "_step"] = function(t, step)
    t[kind] = t[kind] or {}
    t[kind][#t[kind] + 1] = new_step("add_" .. kind .. "_step", step, true)
  end
end
for name, kind in pairs {
  sequential = "sequential", parallel = "parallel", conditional = "conditional", loop = "loop", loop_workflow = "loop",
} do
  methods[name] = function(t) t.kind = kind end
end

-- What is particular to each kind of workflow, put into what its constructor takes.
local kinds = {}

function kinds.sequential(spec, t) spec.steps = t.steps or {} end

function kinds.parallel(spec, t) spec.steps, spec.max_concurrency = t.steps or {}, t.max_concurrency end

function kinds.conditional(spec, t, shared)
  local holds = t.condition or host.raise("a conditional workflow needs :condition(...)")
  local function when(ctx) return holds(view(ctx), shared) end
  spec.branches, spec.otherwise = { { name = "then", when = when, steps = t["then"] or {} } }, t["else"]
end

function kinds.loop(spec, t, shared)
  local n = t.max_iterations
  local over = t.over or { range = { 1, n or host.raise("a loop needs :max_iterations(n), or what it goes over") } }
  local holds = over.while_
  spec.steps, spec.range, spec.over = t.steps or {}, over.range, over.over
  spec.while_ = holds and function(ctx) return holds(view(ctx), shared) end
  spec.max_iterations = n
end

local built = setmetatable({}, { __mode = "k" }) -- what else is known of a workflow that was built

local function build(t)
  local kind = t.kind or host.raise("say what the workflow is: :sequential(), :parallel(), :conditional() or :loop()")
  local name, shared, agents = t.name or kind, {}, {}
  local spec = { name = name, error_strategy = t.error_strategy }
  kinds[kind](spec, t, shared)
  local workflow = new_workflow[kind](spec)
  if kind == "conditional" and t.steps then -- those before the condition
    local steps = copy(t.steps)
    steps[#steps + 1] = { name = WRAPPED, workflow = workflow, input = host.as_before, error_strategy = "fail_fast" }
    workflow = new_workflow.sequential { name = name, steps = steps, error_strategy = t.error_strategy }
  end
  if t.timeout then
    local step = { name = WRAPPED, workflow = workflow, timeout = t.timeout }
    workflow = new_workflow.sequential { name = name, steps = { step } }
  end
  for _, list in ipairs { t.steps or {}, t["then"] or {}, t["else"] or {} } do
    for _, step in ipairs(list) do
      local agent = type(step.agent) == "table" and step.agent.name or step.agent
      if agent and step.name then agents[step.name] = agent end
    end
  end
  workflow.id, workflow.type, workflow.description = name, kind, t.description
  built[workflow] = { kind = kind, shared = shared, agents = agents, executed = 0 }
  return workflow
end

Workflow.builder = host.builder_class("workflow_builder",
  "name description error_strategy max_concurrency max_iterations", methods, build)

-- The steps and outputs of what a built workflow holds, put into its own result.
local function unwrap(result)
  local steps = {}
  for _, record in ipairs(result.steps) do
    if record.name ~= WRAPPED then
      steps[#steps + 1] = record
    elseif record.result then
      local inner = unwrap(record.result)
      table.move(inner.steps, 1, #inner.steps, #steps + 1, steps)
      for name, value in next, inner.outputs do rawset(result.outputs, name, value) end
      result.branch, result.iterations, result.failed_step = inner.branch, inner.iterations, inner.failed_step
    end
  end
  if result.failed_step == WRAPPED then result.failed_step = nil end
  result.outputs[WRAPPED], result.steps = nil, host.array(steps)
  return result
end

-- The result with the fields that rs-llmspell's scripts read.
local function complete(result, own)
  unwrap(result)
  own.executed, own.last = own.executed + 1, result
  local id, outputs = ("%s-%d"):format(result.name, own.executed), {}
  for step, agent in pairs(own.agents) do outputs[agent] = result.outputs[step] end
  local told, reason = pcall(tostring, result.error)
  result.text = ("Workflow '%s' "):format(result.name)
    .. (result.success and "completed successfully" or "failed: " .. (told and reason or "with an error"))
  result.status = result.success and "completed" or "failed"
  result.execution_id, result.workflow_type = id, own.kind
  local elapsed = math.floor(result.duration_ms + 0.5)
  result.metadata = { execution_time_ms = elapsed, extra = { execution_id = id, agent_outputs = outputs } }
  result._metadata = result.metadata
  return result
end

local workflow = host.classes.workflow
local execute = workflow.execute

-- One that was built takes any table as its input.
function workflow:execute(given)
  local own, input = built[self], given
  if own and type(given) == "table" then
    local key = next(given)
    if key == nil or key == "input" and next(given, key) == nil then input = given.input end
    given = { input = input }
  end
  local result = execute(self, given)
  return own and complete(result, own) or result
end

local function own_of(self, method)
  local own = built[self]
  local reason = "'%s' is a method of workflows of Workflow.builder(), called with ':'"
  return own or host.raise(reason:format(method))
end

local function last_of(self, method)
  return own_of(self, method).last or host.raise(("%s: execute the workflow first"):format(method))
end

-- For the conditions of the types shared_data_equals and shared_data_exists.
function workflow:set_shared_data(key, value)
  own_of(self, "set_shared_data").shared[check("workflow:set_shared_data", 1, key, "string")] = value
end

function workflow:get_info()
  return { id = self.name, name = self.name, type = own_of(self, "get_info").kind, description = self.description }
end

-- What the last execution gave.
function workflow:get_output(step) return last_of(self, "get_output").outputs[step] end

function workflow:get_all_outputs() return host.copy(last_of(self, "get_all_outputs").outputs) end

function workflow:list_outputs()
  local names = {}
  for name in pairs(last_of(self, "list_outputs").outputs) do names[#names + 1] = name end
  table.sort(names)
  return names
end

function workflow:get_execution_id() return last_of(self, "get_execution_id").execution_id end
