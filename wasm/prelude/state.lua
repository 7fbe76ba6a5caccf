-- state.lua: the run's own key-value store, kept by the host. Values are plain data and are copied both ways.
local host = ...
local _ENV = host.env
local check = host.check

local State = {}

-- What is stored there, or `default`.
function State.get(key, default)
  check("State.get", 1, key, "string")
  local found = host.call("state.get", key)
  if found == nil then return default end
  return found[1]
end

local function delete(key) host.call("state.delete", key) end

-- Later changes of a table do not change what is stored. nil deletes.
function State.set(key, value)
  check("State.set", 1, key, "string")
  if value == nil then return delete(key) end
  host.call("state.set", { key = key, value = value })
end

function State.delete(key)
  delete(check("State.delete", 1, key, "string"))
end

-- All keys, sorted by their bytes.
function State.keys() return host.call("state.keys") end

host.module("State", State)
