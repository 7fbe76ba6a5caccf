-- workflow_terms.lua: what rs-llmspell's scripts write into the steps of a workflow that they chain: inputs with
-- {{templates}}, and conditions as tables. Nothing runs here.
local host = ...
local _ENV = host.env
local is, check = host.is, host.check

local before_meta = {}

-- The context after the steps before a condition, as an input of what comes after it.
function host.as_before(ctx) return setmetatable(ctx, before_meta) end

-- A step's context as templates and conditions see it: with the steps before the condition, and the input's fields.
function host.view(ctx)
  local before = ctx.input
  if is(before, before_meta) then
    local outputs = host.copy(before.outputs)
    for name, value in next, ctx.outputs do outputs[name] = value end
    ctx.input, ctx.outputs = before.input, outputs
    if ctx.previous == nil then ctx.previous = before.previous end
  end
  if type(ctx.input) == "table" then setmetatable(ctx, { __index = ctx.input }) end
  return ctx
end

-- What a template names: "step.NAME.result", "input.FIELD", "loop.current_item", "iteration", or the NAME of a step or
-- of a field of the input; its fields may follow.
local function find(ctx, path)
  local parts, at, value = {}, 2, nil
  for part in path:gmatch("[^%s.:]+") do parts[#parts + 1] = part end
  local first, second = parts[1], parts[2]
  if first == "step" or first == "steps" then
    value, at = ctx.outputs[second], 3
  elseif first == "loop" then
    value, at = second == "current_index" and ctx.iteration or ctx.item, 3
  elseif first == "input" or first == "iteration" then
    value = ctx[first]
  elseif first then
    value = ctx.outputs[first]
    if value == nil and type(ctx.input) == "table" then value = ctx.input[first] end
  end
  for i = at, #parts do
    local part = parts[i]
    if type(value) == "table" and value[part] ~= nil then
      value = value[part]
    elseif part ~= "result" and part ~= "output" then
      return nil
    end
  end
  return value
end

local function text_of(value)
  return type(value) == "string" and value or host.stringify(value)
end
host.text_of = text_of

-- An input with its {{templates}} filled in. One that is the whole text keeps its value; one that names nothing stays.
function host.render(ctx, value, depth)
  if type(value) == "string" then
    local whole = value:match("^{{([^{}]*)}}$")
    if whole then
      local found = find(ctx, whole)
      if found == nil then return value end
      return found
    end
    return (value:gsub("{{([^{}]*)}}", function(path)
      local found = find(ctx, path)
      return found ~= nil and text_of(found) or nil
    end))
  end
  local array = is(value, host.array_meta)
  if type(value) ~= "table" or not (array or is(value, nil)) then return value end
  if depth > 128 then host.fail("argument", "a step's input is nested more than 128 levels deep") end
  local filled = {}
  for key, item in next, value do filled[key] = host.render(ctx, item, depth + 1) end
  return array and host.array(filled) or filled
end

-- Conditions by type: each makes a function of the context and of what set_shared_data put down.
local conditions = {
  always = function() return function() return true end end,
  never = function() return function() return false end end,
  shared_data_equals = function(c)
    local key, wanted = check("condition", 1, c.key, "string"), c.expected
    if wanted == nil then wanted = c.value end
    return function(_, shared) return shared[key] == wanted end
  end,
  shared_data_exists = function(c)
    local key = check("condition", 1, c.key, "string")
    return function(_, shared) return shared[key] ~= nil end
  end,
  step_output_equals = function(c)
    local step, wanted = check("condition", 1, c.step, "string"), c.expected
    return function(ctx) return ctx.outputs[step] == wanted end
  end,
  ["not"] = function(c)
    local inner = host.predicate(c.condition)
    return function(ctx, shared) return not inner(ctx, shared) end
  end,
}
conditions.step_result_equals = conditions.step_output_equals
for word, decides in pairs { ["and"] = false, ["or"] = true } do
  conditions[word] = function(c)
    local all = {}
    for i, inner in ipairs(check("condition", 1, c.conditions, "table")) do all[i] = host.predicate(inner) end
    return function(ctx, shared)
      for _, holds in ipairs(all) do
        if not holds(ctx, shared) == not decides then return decides end
      end
      return not decides
    end
  end
end

-- A condition as a function of the context and of the shared data.
function host.predicate(condition)
  local asked = type(condition) == "table" and condition or { type = condition }
  local holds = type(condition) == "function" and condition or asked.evaluate
  if type(holds) == "function" then return holds end
  local make = asked.type ~= nil and conditions[asked.type]
  if not make then
    host.raise("a condition is a function of the context, or a table with one of the types always, never, and, or, "
      .. "not, shared_data_equals, shared_data_exists and step_output_equals")
  end
  return make(asked)
end
