-- json.lua: JSON text to Lua values and back. The work is the host's: its parser is faster than any in here.
local host = ...
local _ENV = host.env

local JSON = { null = host.null }

-- Objects become tables, arrays sequences, null JSON.null; an empty array stays an array when it goes out again.
function JSON.parse(text)
  host.check("JSON.parse", 1, text, "string")
  local value = host.call("json.parse", text)
  if value == nil then value = host.null end -- as it is inside of a table
  return value
end

-- options: pretty (two spaces of indentation), sort_keys.
function JSON.stringify(value, options)
  if options ~= nil then
    host.check_fields("JSON.stringify", 2, options, { pretty = "boolean?", sort_keys = "boolean?" })
  end
  return host.call("json.stringify", { value = value, options = options })
end

-- Mark a table as an array, so that it stays one even when it is empty.
function JSON.array(t)
  return host.array(host.check("JSON.array", 1, t == nil and {} or t, "table"))
end

host.stringify = JSON.stringify
host.module("JSON", JSON)
