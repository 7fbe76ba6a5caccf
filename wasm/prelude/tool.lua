-- tool.lua: tools, the host's and the script's own. A script's tool runs in here, whoever calls it: the script, or a
-- model by way of agent.lua.
local host = ...
local _ENV = host.env
local spawn, T = host.spawn, host.task
local check, check_fields = host.check, host.check_fields

local defined = {} -- the script's tools by name

local methods = {}
local meta = host.class("tool", methods)
meta.__metatable = false
local runs = setmetatable({}, { __mode = "k" }) -- the functions of script tools; not for JSON and not for pairs()

local types = { string = true, number = true, integer = true, boolean = true, array = true, object = true, null = true }

local function is_short(rule) return type(rule) == "string" and types[rule:gsub("%?$", "")] end

-- Is it a JSON Schema, or a table of fields by type? Either may have a key called `type`.
local function is_schema(t, of_object)
  for _, key in ipairs { "properties", "anyOf", "oneOf", "allOf", "enum" } do
    if type(t[key]) == "table" then return true end
  end
  if type(t["$ref"]) == "string" or type(t.type) == "table" then return true end
  if not types[t.type] or of_object and t.type ~= "object" then return false end
  for key, rule in pairs(t) do
    if key ~= "type" and is_short(rule) then return false end
  end
  return true
end

local function checked(fn, where, schema)
  return host.looked_at(fn, 1, ("field '%s': "):format(where), "schema.check", schema)
end

-- { field = "string", other = "number?" } as a JSON Schema; a schema is taken as it is. `of_object`: it can only be one
-- of an object, so that { type = "string" } has a field called `type`.
function host.schema_of(fn, where, given, of_object)
  if is_schema(given, of_object) then return checked(fn, where, given) end
  local properties, required = {}, {}
  for field, rule in pairs(given) do
    if type(field) ~= "string" or not (is_short(rule) or type(rule) == "table") then
      host.bad_argument(fn, 1, ("field '%s.%s': a JSON Schema type expected, such as \"string\" or \"number?\"")
        :format(where, tostring(field)))
    end
    properties[field] = type(rule) == "table" and rule or { type = (rule:gsub("%?$", "")) }
    if type(rule) == "table" or rule:sub(-1) ~= "?" then required[#required + 1] = field end
  end
  table.sort(required)
  local schema = { type = "object", properties = properties }
  if #required > 0 then schema.required = required end
  return checked(fn, where, schema)
end

-- Raises an error of kind "tool" that names what does not fit.
function host.check_arguments(name, schema, args)
  host.call("tool.check", { tool = name, schema = schema, arguments = args })
end

local function run_defined(tool, args)
  host.check_arguments(tool.name, tool.schema, args)
  return runs[tool](args)
end

local function from_host(description)
  return setmetatable(description, meta)
end

local Tool = {}

-- Every tool that the script may use, sorted by name.
function Tool.list()
  local list = {}
  for _, description in ipairs(host.call("tool.list")) do
    if not defined[description.name] then list[#list + 1] = from_host(description) end
  end
  for _, tool in pairs(defined) do list[#list + 1] = tool end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function get(name)
  check("Tool.get", 1, name, "string")
  if defined[name] then return defined[name] end
  local description = host.call("tool.list", name)[1] -- other names of a tool are not in the whole list
  return description and from_host(description)
end

Tool.get = get

function Tool.exists(name)
  return get(name) ~= nil
end

function Tool.define(fields)
  check_fields("Tool.define", 1, fields,
    { name = "string", description = "string?", parameters = "table?", run = "function" })
  if not fields.name:match("^[%w_-]+$") or #fields.name > 64 then
    host.bad_argument("Tool.define", 1, "field 'name': at most 64 letters, digits, '_' or '-' expected")
  end
  local tool = setmetatable({
    name = fields.name,
    description = fields.description or "",
    schema = host.schema_of("Tool.define", "parameters", fields.parameters or {}, true),
    source = "script",
  }, meta)
  runs[tool] = fields.run
  defined[fields.name] = tool
  return tool
end

local function run_of_host(name, args)
  local reply = host.await("tool.execute", { name = name, arguments = args })
  if reply.media then host.handles { reply.media } end
  return reply.media or reply.value
end

-- Arguments are checked before the tool runs; what does not fit, and a failure of a tool of the host, is an error value
-- of kind "tool". What a tool of the script raises goes on as it is, with its traceback.
function Tool.execute(name, args)
  check("Tool.execute", 1, name, "string")
  check("Tool.execute", 2, args, "table?")
  if defined[name] then return run_defined(defined[name], args or {}) end
  local result = run_of_host(name, args or {})
  return result -- no tail call: a traceback names this function
end

function methods:execute(args)
  host.check_self(self, meta, "execute")
  check("tool:execute", 1, args, "table?")
  if runs[self] then return run_defined(self, args or {}) end
  local result = run_of_host(self.name, args or {}) -- also where the script has defined one of that name since
  return result
end

host.tool_meta, host.execute_tool = meta, methods.execute

-- What a model is told of the tools in an agent's list, and those of them that run in here: functions by name.
-- `other(item)` gives that for what is no tool, or nothing.
function host.tool_specs(fn, list, other)
  local specs, own, seen = {}, {}, {}
  for i, item in ipairs(list) do
    local tool = type(item) == "string" and defined[item] or item
    local spec, run
    if runs[tool] then
      spec = { name = tool.name, description = tool.description, parameters = tool.schema, script = true }
      run = function(args) return run_defined(tool, args) end
    elseif host.is(tool, meta) then
      spec = { name = tool.name }
    else
      spec, run = other(tool)
      spec = spec or { name = tool }
    end
    if seen[spec.name] then
      host.bad_argument(fn, 1, ("field 'tools': item %d: there is a tool '%s' before it"):format(i, spec.name))
    end
    seen[spec.name], specs[i], own[spec.name] = true, spec, run
  end
  return host.array(specs), own
end

-- What a model is told of a value that was raised: of the host's errors the message, as the host itself does.
local function told(value)
  local ok, text = pcall(tostring, host.is(value, host.error_meta) and value.message or value)
  if ok and type(value) == "table" and text:find("^table: 0x") then ok, text = pcall(host.stringify, value) end
  return ok and text or "the tool failed"
end

-- The media that a tool gave: a medium by itself, or those in the list `media` of a table, beside its `text`.
local function media_in(value)
  if host.is_media(value) then return { value }, tostring(value) end
  local list = type(value) == "table" and rawget(value, "media")
  local count = list and host.count(list)
  if not count or count == 0 then return nil end
  for i = 1, count do
    if not host.is_media(list[i]) then return nil end
  end
  return list, type(value.text) == "string" and value.text or ""
end

local function answer(own, call, depth)
  local run = own[call.agent][call.name]
  if not run then return host.await("tool.answer", call) end
  local ok, value = pcall(run, call.arguments, depth)
  local media
  if ok and type(value) == "table" then
    local list, text = media_in(value)
    if list then media, value = host.array(list), text end
  end
  if ok and value ~= nil and type(value) ~= "string" then ok, value = pcall(host.stringify, value) end
  if ok then return { id = call.id, text = value or "", media = media } end
  return { id = call.id, text = told(value), is_error = true }
end

-- The calls of one model turn: at once, each in a task of its own that ends what it spawned; where Lua cannot wait, one
-- after the other. `own` has each agent's functions; `depth` says how many agents have asked each other for this turn.
function host.run_tools(own, calls, depth)
  local results = {}
  if not T.can_wait() then
    for i, call in ipairs(calls) do results[i] = answer(own, call, depth) end
    return host.array(results)
  end
  local group, place = host.new_group(), {}
  for i, call in ipairs(calls) do place[spawn(answer, group, "tool " .. call.name, own, call, depth)] = i end
  for _ = 1, #calls do
    local t = T.take(group)
    results[place[t]] = T.await(t)
  end
  return host.array(results)
end

host.module("Tool", Tool)
