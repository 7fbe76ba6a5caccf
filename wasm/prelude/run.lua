-- run.lua: what a script knows of its run, and what it says about it.
local host = ...
local _ENV = host.env

local Run = { id = "", args = {}, media = {} }

-- What the run may spend, by name; a limit that is not set is absent.
function Run.limits() return host.call("run.limits") end

-- What the run has spent so far, by name.
function Run.usage() return host.call("run.usage") end

-- Tell who watches how far the script is: fraction 0..1 or nil, and a message.
function Run.progress(fraction, message)
  host.check("Run.progress", 1, fraction, "number?")
  host.check("Run.progress", 2, message, "string?")
  host.call("run.progress", { fraction = fraction, message = message or "" })
end

host.module("Run", Run)

local Log = {}
for _, level in ipairs { "debug", "info", "warn", "error" } do
  Log[level] = function(message, fields)
    host.check("Log." .. level, 2, fields, "table?")
    host.call("log", { level = level, message = tostring(message), fields = fields })
  end
end
host.module("Log", Log)

local Provider = {}

-- {name, kind, model, capabilities}, or nil when there is no such provider.
function Provider.get(name)
  host.check("Provider.get", 1, name, "string")
  return host.call("provider.get", name)
end

-- The configured providers, each as Provider.get gives it.
function Provider.list()
  local list = host.call("provider.list")
  for i, name in ipairs(list) do list[i] = host.call("provider.get", name) end
  return list
end

host.module("Provider", Provider)

-- A table that can be read and not written.
local function read_only(values, name)
  return host.stands_for(setmetatable({}, {
    __index = values,
    __newindex = function() host.raise(("'%s' is read-only"):format(name)) end,
    __pairs = function() return next, values, nil end,
    __len = function() return #values end,
    __metatable = false,
  }), values)
end

-- Their slots exist from the start: filling them later moves no table.
arg, __context = false, false

host.granted = {} -- names of the host's tools that the manifest grants

-- Called by load with what this run is given; returns the script's arguments.
function host.setup(config)
  Run.id = config.run_id
  Run.args = config.args
  Run.media = config.media
  host.handles(config.media)
  arg = { [0] = config.script }
  for i, value in ipairs(config.args) do arg[i] = value end
  __context = read_only({
    run_id = config.run_id, script = config.script, args = read_only(config.args, "__context.args"),
    tools = read_only(config.tools, "__context.tools"), providers = read_only(config.providers, "__context.providers"),
  }, "__context")
  for _, name in ipairs(config.tools) do host.granted[name] = true end
  host.declare_agents(config.agents)
  return config.args
end
