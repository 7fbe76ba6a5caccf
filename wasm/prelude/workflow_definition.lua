-- workflow_definition.lua: what a script gives to make a workflow, checked and copied, so that nothing it does to its
-- tables afterwards changes the workflow. Nothing runs here. `at` is where in the argument an error is: {fn, path}.
local host = ...
local _ENV = host.env
local check_fields, is, short = host.check_fields, host.is, host.short
local get_agent, list_agents, get_tool, list_tools = Agent.get, Agent.list, Tool.get, Tool.list

local MAX_DEPTH = 16 -- of workflows in workflows; each takes some of the 200 levels that Lua's C stack has
local MAX_ITERATIONS = 1000 -- of a loop that only its condition ends
local MAX_RETRIES = 1000
local RETRIES = 2 -- of the strategy "retry": most short failures are over by the third attempt

-- The definition of each workflow value; workflow.lua fills it.
local definitions = setmetatable({}, { __mode = "k" })
host.workflow_definitions = definitions

local ANY = "boolean|number|string|table|function|userdata|thread?"
local step_fields = {
  name = "string?", agent = ANY, tool = ANY, workflow = ANY, run = "function?", input = ANY,
  retries = "integer?", retry_delay = "number?", timeout = "number?", error_strategy = "string?",
}
local branch_fields = { name = "string?", when = "function", steps = "list" }
local range_fields = { from = "number", to = "number", step = "number?" }

local function reject(at, reason, ...)
  host.bad_argument(at.fn, 1, at.path .. reason:format(...))
end

local function names_of(list)
  local names = {}
  for _, item in ipairs(list) do names[type(item) == "table" and item.name or item] = true end
  return names
end

local function suggestion(name, list)
  local near = host.nearest(name, names_of(list))
  return near and ("; did you mean '%s'?"):format(near)
end

-- What a step may call: is a value one, what is it called in errors, and how is one found by its name?
local callees = {
  agent = {
    is = function(value) return is(value, host.agent_meta) end, expected = "agent or agent name", get = get_agent,
    hint = function(name) return suggestion(name, list_agents()) or "" end,
  },
  tool = {
    is = function(value) return is(value, host.tool_meta) end, expected = "tool or tool name", get = get_tool,
    hint = function(name)
      return suggestion(name, list_tools()) or "; define it with Tool.define, or grant it in the manifest"
    end,
  },
  workflow = { is = function(value) return definitions[value] ~= nil end, expected = "workflow" },
}

local function resolve(at, kind, value)
  local callee = callees[kind]
  if type(value) == "string" and callee.get then
    local found = callee.get(value)
    if found == nil then reject(at, "field '%s': there is no %s '%s'%s", kind, kind, short(value), callee.hint(value)) end
    return found
  end
  if not callee.is(value) then reject(at, "field '%s': %s expected, got %s", kind, callee.expected, type(value)) end
  return value
end

-- The one of these fields that is given.
local function one_of(at, given, ...)
  local found
  for _, name in ipairs { ... } do
    if given[name] ~= nil then
      if found then reject(at, "either '%s' or '%s' expected, got both", found, name) end
      found = name
    end
  end
  if found then return found end
  reject(at, "one of the fields '%s' expected, all of them are nil", table.concat({ ... }, "', '"))
end

local function check_least(at, given, field, least)
  if given[field] and given[field] < least then reject(at, "field '%s': at least %d expected", field, least) end
end

local function check_seconds(at, given, field)
  local seconds = given[field]
  if seconds and not host.fits_seconds(seconds) then reject(at, "field '%s': %s", field, host.seconds_expected) end
end

local function check_strategy(at, given)
  local strategy = given.error_strategy
  if strategy and strategy ~= "fail_fast" and strategy ~= "continue" and strategy ~= "retry" then
    reject(at, "field 'error_strategy': 'fail_fast', 'continue' or 'retry' expected, got '%s'", short(strategy))
  end
end

-- What `make(at, item, place)` gives for each item of a list that must have some, and whose names must differ.
local function make_each(at, field, list, make)
  local made, places, count = {}, {}, #list
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > count then
      reject(at, "field '%s': a list expected, got a table with the key '%s'", field, short(key))
    end
  end
  if count == 0 then reject(at, "field '%s': at least one item expected", field) end
  for place = 1, count do
    local here = { fn = at.fn, path = ("%sfield '%s': item %d: "):format(at.path, field, place) }
    local item = make(here, list[place], place)
    if places[item.name] then
      reject(here, "field 'name': '%s' is the name of item %d already", short(item.name), places[item.name])
    end
    made[place], places[item.name] = item, place
  end
  return made
end

local function new_step(at, given, place, strategy)
  for kind, callee in pairs(callees) do
    if callee.is(given) then reject(at, "step expected, got the %s alone; write { %s = ... }", kind, kind) end
  end
  check_fields(at.fn, 1, given, step_fields, at.path)
  local kind = one_of(at, given, "agent", "tool", "workflow", "run")
  if given.retries and not (given.retries >= 0 and given.retries <= MAX_RETRIES) then
    reject(at, "field 'retries': 0 to %d expected", MAX_RETRIES)
  end
  check_seconds(at, given, "retry_delay")
  check_seconds(at, given, "timeout")
  check_strategy(at, given)
  strategy = given.error_strategy or strategy
  return {
    name = given.name or "step-" .. place, type = kind, input = given.input,
    run = given.run, callee = kind ~= "run" and resolve(at, kind, given[kind]) or nil,
    timeout = given.timeout, retry_delay = given.retry_delay or 0,
    attempts = 1 + (given.retries or strategy == "retry" and RETRIES or 0),
    goes_on = strategy == "continue", optional = given.error_strategy == "continue",
  }
end

-- The steps of a definition, which learns how deep the workflows in them nest.
local function new_steps(at, definition, field, list)
  return make_each(at, field, list, function(here, given, place)
    local step = new_step(here, given, place, definition.error_strategy)
    if step.type == "workflow" then
      definition.depth = math.max(definition.depth, definitions[step.callee].depth + 1)
      if definition.depth > MAX_DEPTH then
        reject(here, "field 'workflow': workflows nest at most %d deep", MAX_DEPTH)
      end
    end
    return step
  end)
end

local function new_range(at, given)
  local here = { fn = at.fn, path = at.path .. "field 'range': " }
  if given[1] ~= nil then
    if #given > 3 then reject(here, "{ from, to, step } expected, got %d items", #given) end
    given = { from = given[1], to = given[2], step = given[3] }
  end
  check_fields(here.fn, 1, given, range_fields, here.path)
  if given.step == 0 then reject(here, "field 'step': a number other than 0 expected") end
  for name, number in pairs(given) do
    if number ~= number then reject(here, "field '%s': number expected, got NaN", name) end
  end
  return { from = given.from, to = given.to, step = given.step or 1 }
end

-- What each kind of workflow takes, and how its definition is filled from that.
local kinds = {
  sequential = { fields = { steps = "list" } },
  parallel = { fields = { steps = "list", max_concurrency = "integer?" } },
  conditional = { fields = { branches = "list", otherwise = "list?" } },
  loop = {
    fields = {
      steps = "list", over = "list|function?", range = "table?", while_ = "function?", max_iterations = "integer?",
    },
  },
}
for _, kind in pairs(kinds) do kind.fields.name, kind.fields.error_strategy = "string?", "string?" end

function kinds.sequential.fill(at, definition, given)
  definition.steps = new_steps(at, definition, "steps", given.steps)
end

function kinds.parallel.fill(at, definition, given)
  check_least(at, given, "max_concurrency", 1)
  definition.steps = new_steps(at, definition, "steps", given.steps)
  definition.max_concurrency = given.max_concurrency or #definition.steps
end

function kinds.conditional.fill(at, definition, given)
  definition.branches = make_each(at, "branches", given.branches, function(here, branch, place)
    check_fields(here.fn, 1, branch, branch_fields, here.path)
    local steps = new_steps(here, definition, "steps", branch.steps)
    return { name = branch.name or "branch-" .. place, when = branch.when, steps = steps }
  end)
  if given.otherwise then definition.otherwise = new_steps(at, definition, "otherwise", given.otherwise) end
end

function kinds.loop.fill(at, definition, given)
  local by = one_of(at, given, "over", "range", "while_")
  check_least(at, given, "max_iterations", 1)
  definition.steps = new_steps(at, definition, "steps", given.steps)
  definition.while_ = given.while_
  definition.range = given.range and new_range(at, given.range)
  definition.over = given.over
  if type(given.over) == "table" then
    local count, reason = host.count(given.over)
    if not count then reject(at, "field 'over': %s", reason) end
    definition.over = table.move(given.over, 1, count, 1, {})
  end
  definition.max_iterations = given.max_iterations or by == "while_" and MAX_ITERATIONS or math.huge
end

-- The checked definition of a workflow of this kind: {kind, name, depth} and what the kind has beside.
function host.define_workflow(kind, given)
  local at = { fn = "Workflow." .. kind, path = "" }
  check_fields(at.fn, 1, given, kinds[kind].fields)
  check_strategy(at, given)
  local definition = { kind = kind, name = given.name or kind, error_strategy = given.error_strategy, depth = 1 }
  kinds[kind].fill(at, definition, given)
  return definition
end
