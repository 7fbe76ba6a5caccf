-- core.lua: what the other prelude files share: argument checks that name function, position, field and reason,
-- suggestions for misspelt names, and the look of error values. `host` is ours alone; scripts never see it.
local host = ...

-- What the prelude calls stays what it is, whatever a script puts into its globals. Each file begins with this _ENV.
local env = {}
for name, value in pairs(_G) do env[name] = value end
for _, name in ipairs { "coroutine", "math", "table", "string", "utf8" } do
  env[name] = {}
  for key, value in pairs(_G[name]) do env[name][key] = value end
end
host.env = setmetatable(env, { __index = _G, __newindex = _G })
local _ENV = host.env

local type, pairs, rawget, tostring = type, pairs, rawget, tostring
local setmetatable, error, min, abs = setmetatable, error, math.min, math.abs
local real_metatable = debug.getmetatable -- sees through __metatable; closed to scripts

-- The edit distance of two short names, or 99 when it is clearly too large.
local function distance(a, b)
  if #a > 40 or #b > 40 or abs(#a - #b) > 3 then return 99 end
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local best = min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
      diagonal, row[j] = row[j], best
    end
  end
  return row[#b]
end

-- The candidate (a key of the table) nearest to a name, or nil when none is near.
function host.nearest(name, candidates)
  local best, best_distance = nil, #name <= 4 and 1 or 2
  for candidate in pairs(candidates) do
    if type(candidate) == "string" then
      local d = distance(name:lower(), candidate:lower())
      if d < best_distance or d == best_distance and (best == nil or candidate < best) then
        best, best_distance = candidate, d
      end
    end
  end
  return best
end

-- "; did you mean ...?" where one of the candidates (keys of the table) is near, else "".
local function suggestion(name, candidates)
  local near = type(name) == "string" and host.nearest(name, candidates)
  return near and "; did you mean '" .. near .. "'?" or ""
end
host.suggestion = suggestion

-- Raise a plain error that points at the script's own line.
function host.raise(message)
  error(host.where() .. message, 0)
end

-- A value of the script's as it stands in an error: the beginning of its text.
function host.short(value)
  return (tostring(value):sub(1, 80))
end

function host.bad_argument(fn, position, reason)
  host.raise(("bad argument #%d to '%s' (%s)"):format(position, fn, reason))
end

local function kind_of(value)
  return value == host.null and "null" or math.type(value) or type(value)
end

-- Does the value fit a rule such as "string", "integer?", "table|string"? A trailing ? allows nil.
local function fits(value, rule)
  if value == nil then return rule:sub(-1) == "?" end
  local kind, lua_type = kind_of(value), type(value)
  for name in rule:gsub("%?$", ""):gmatch("[^|]+") do
    if name == kind or name == lua_type then return true end
  end
  return false
end

local function expected(value, rule)
  local got = value == nil and "no value" or kind_of(value)
  return ("%s expected, got %s"):format(rule:gsub("%?$", ""):gsub("|", " or "), got)
end

-- Check one argument.
function host.check(fn, position, value, rule)
  if not fits(value, rule) then host.bad_argument(fn, position, expected(value, rule)) end
  return value
end

local function unknown_field(name, rules)
  local near = suggestion(name, rules)
  if near ~= "" then return ("unknown field '%s'%s"):format(name, near) end
  local known = {}
  for field in pairs(rules) do known[#known + 1] = field end
  table.sort(known)
  local what = type(name) == "string" and ("unknown field '%s'"):format(host.short(name)) or "a value without a field's name"
  return ("%s; the fields are %s"):format(what, table.concat(known, ", "))
end

-- Check a table of named fields against rules: wrong types, missing and unknown fields are errors. `path` is what the
-- errors begin with where the table is inside the argument, such as "field 'steps': item 2: ".
function host.check_fields(fn, position, fields, rules, path)
  local function reject(reason) host.bad_argument(fn, position, (path or "") .. reason) end
  if not fits(fields, "table") then reject(expected(fields, "table")) end
  for name in pairs(fields) do -- first: what is missing may be there under another name
    if rules[name] == nil then reject(unknown_field(name, rules)) end
  end
  for name, rule in pairs(rules) do
    if not fits(fields[name], rule) then reject(("field '%s': %s"):format(name, expected(fields[name], rule))) end
  end
  return fields
end

-- How many items a list has; of what is none, nil and why: a nil among the items would end it unseen, and a name in it
-- would never be read.
function host.count(list)
  if type(list) ~= "table" then return nil, expected(list, "list") end
  local count = #list
  if math.type(count) ~= "integer" then return nil, ("the length of the list is a %s"):format(type(count)) end
  for key in next, list do
    if math.type(key) ~= "integer" or key < 1 then
      return nil, ("list expected, got a table with the key '%s'"):format(host.short(key))
    end
    if key > count then count = key end
  end
  for i = 1, count do
    if list[i] == nil then return nil, ("item %d is nil"):format(i) end
  end
  return count
end

-- Check the list in a field.
function host.check_list(fn, position, list, field)
  local count, why = host.count(list)
  if not count then host.bad_argument(fn, position, ("field '%s': %s"):format(field, why)) end
  return list
end

-- What the host gives back for a description that it has looked at; what it finds wrong is a bad argument.
function host.looked_at(fn, position, before, op, given)
  local ok, value = pcall(host.call, op, given)
  if ok then return value end
  local reason, here = type(value) == "table" and value.message or tostring(value), host.where()
  if reason:sub(1, #here) == here then reason = reason:sub(#here + 1) end -- said once is enough
  host.bad_argument(fn, position, before .. reason)
end

-- A global table of functions; a misspelt name is an error at once, not a call of nil later.
function host.module(name, functions)
  _G[name] = setmetatable(functions, {
    __index = function(_, key)
      local hint = suggestion(key, functions)
      if hint ~= "" then host.raise(("'%s' has no function '%s'%s"):format(name, tostring(key), hint)) end
    end,
  })
end

host.classes = {} -- the methods of each class by its name

-- A metatable for objects with methods; calling a method with '.' instead of ':' says so.
function host.class(name, methods)
  host.classes[name] = methods
  return {
    __name = name,
    __index = function(_, key)
      local method = methods[key]
      if method == nil then
        local hint = suggestion(key, methods)
        if hint ~= "" then host.raise(("%s has no method '%s'%s"):format(name, tostring(key), hint)) end
      end
      return method
    end,
  }
end

function host.is(value, meta)
  return real_metatable(value) == meta
end

-- Is `self` an object of the class? Otherwise the method was called with '.'.
function host.check_self(self, meta, method)
  if real_metatable(self) ~= meta then
    host.raise(("call '%s' with ':', as in object:%s(...)"):format(method, method))
  end
end

-- The fields of a table in another one.
function host.copy(t)
  local made = {}
  for key, value in next, t do made[key] = value end
  return made
end

-- A class of builders: `methods` by name change the table of what was said so far, setters keep their argument in it
-- under their own name, and build() makes something of it.
local said = setmetatable({}, { __mode = "k" })
function host.builder_class(name, setters, methods, build)
  local all = {}
  local meta = host.class(name, all)
  meta.__metatable = false
  for key in setters:gmatch("%S+") do methods[key] = function(t, value) t[key] = value end end
  for key, change in pairs(methods) do
    all[key] = function(self, ...)
      host.check_self(self, meta, key)
      change(said[self], ...)
      return self
    end
  end
  function all:build()
    host.check_self(self, meta, "build")
    local made = build(said[self])
    return made -- no tail call: a traceback names this method
  end
  return function()
    local builder = setmetatable({}, meta)
    said[builder] = {}
    return builder
  end
end

-- Error values: {kind, message, retryable, details, hint}.
local error_meta = host.error_meta
error_meta.__name = "error"
error_meta.__tostring = function(e) -- one line, whatever a provider said
  local text = ("%s: %s"):format(tostring(rawget(e, "kind")), tostring(rawget(e, "message")))
  return (string.gsub(text, "[\r\n]%s*", " "))
end
error_meta.__concat = function(a, b) return tostring(a) .. tostring(b) end
error_meta.__metatable = false

-- An empty table that stays an array on its way out.
host.array_meta.__metatable = false
debug.setmetatable(host.null, { __tostring = function() return "null" end, __name = "null" })
