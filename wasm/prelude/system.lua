-- system.lua: the parts of os, io and require that the host answers: time, declared variables, the script's own
-- input, and modules from the roots that the manifest grants. There are no files here.
local host = ...
local _ENV = host.env
local T, check = host.task, host.check

os = {}

function os.time(fields)
  check("os.time", 1, fields, "table?")
  return host.call("os.time", fields)
end

function os.date(format, time)
  check("os.date", 1, format, "string?")
  check("os.date", 2, time, "number?")
  return host.call("os.date", { format = format or "%c", time = time })
end

function os.clock() return host.call("os.clock") end

function os.difftime(later, earlier)
  return check("os.difftime", 1, later, "number") - check("os.difftime", 2, earlier, "number") + 0.0
end

function os.getenv(name)
  return host.call("os.getenv", check("os.getenv", 1, name, "string"))
end

-- "l" (default), "L", "n", "a" or a count of bytes, several at once.
local function read(...)
  local formats = select("#", ...) == 0 and { "l" } or { ... }
  local results = {}
  for i, format in ipairs(formats) do
    if type(format) == "string" then format = format:gsub("^%*", "") end
    if not (math.type(format) == "integer" or format == "l" or format == "L" or format == "n" or format == "a") then
      host.bad_argument("io.read", i, "invalid format")
    end
    local value = host.await("io.read", format)
    if format == "n" and value ~= nil then value = tonumber(value) end
    results[i] = value
    if value == nil then return table.unpack(results, 1, i) end
  end
  return table.unpack(results, 1, #formats)
end

io.read = read

local function lines(...)
  local formats = table.pack(...)
  return function() return read(table.unpack(formats, 1, formats.n)) end
end

function io.lines(name, ...)
  if name ~= nil then host.bad_argument("io.lines", 1, "no value expected: it reads the script's own input, not files") end
  return lines(...)
end

local function file(name, methods) return setmetatable({}, { __name = name, __index = methods }) end

local function output(name, write)
  return file(name, {
    write = function(self, ...)
      write(...)
      return self
    end,
    flush = function(self) return self end,
    setvbuf = function() return true end,
  })
end
host.stdout = output("stdout", io.write)
io.stdout, io.stderr = host.stdout, output("stderr", host.error_write)
io.stdin = file("stdin", {
  read = function(_, ...) return read(...) end,
  lines = function(_, ...) return lines(...) end,
})

function io.flush() return host.stdout end -- nothing is held back

local loaded = { _G = _G }
for _, name in ipairs { "string", "table", "math", "utf8", "coroutine", "os", "io", "debug" } do loaded[name] = _G[name] end
package = { loaded = loaded }
local loading = {}

-- A module of the roots that the manifest grants ([run] modules), run once.
function require(name)
  check("require", 1, name, "string")
  if loaded[name] ~= nil then return loaded[name] end
  local found = host.await("module.load", name)
  while loading[name] do -- its chunk waits, and another task wants it
    local by = loading[name]
    if by.task == T.current() then host.raise(("module '%s' requires itself"):format(name)) end
    by.waiters[#by.waiters + 1] = T.current()
    T.park()
  end
  if loaded[name] ~= nil then return loaded[name] end
  local chunk, message = load(found.source, "@" .. found.path, "t")
  if chunk == nil then
    if not message:find(found.path, 1, true) then message = found.path .. ": " .. message end
    error(message, 0)
  end
  local this <close> = setmetatable({ task = T.current(), waiters = {} }, { __close = function(this)
    loading[name] = nil
    for _, task in ipairs(this.waiters) do T.wake(task) end
  end })
  loading[name] = this
  local value = chunk(name, found.path)
  if value == nil then value = loaded[name] == nil or loaded[name] end
  loaded[name] = value
  return value
end
