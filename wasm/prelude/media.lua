-- media.lua: media values. A medium is a handle: its bytes stay on the host until a script asks for them.
local host = ...
local _ENV = host.env

local methods = {}
local meta = host.class("media", methods)
meta.__metatable = false

local function handle(shown) return setmetatable(shown, meta) end

function host.is_media(value) return host.is(value, meta) end

-- The media in a list that the host gave become handles, which have methods.
function host.handles(list)
  for _, shown in ipairs(list or {}) do handle(shown) end
end

-- The bytes as a string: from here on they count as the script's memory.
function methods:bytes()
  host.check_self(self, meta, "bytes")
  return host.call("media.bytes", self.sha256)
end

-- Write them into a folder that the manifest grants.
function methods:save(path)
  host.check_self(self, meta, "save")
  host.check("media:save", 1, path, "string")
  host.await("media.save", { sha256 = self.sha256, path = path })
end

meta.__tostring = function(m) return ("media %s, %d bytes"):format(tostring(m.mime), m.size) end
meta.__eq = function(a, b) return host.is(a, meta) and host.is(b, meta) and a.sha256 == b.sha256 end

local Media = {}

-- From a folder or a host that the manifest grants.
function Media.load(path)
  return handle(host.await("media.load", host.check("Media.load", 1, path, "string")))
end

local function create(fn, field, text, options)
  host.check(fn, 1, text, "string")
  if options ~= nil then host.check_fields(fn, 2, options, { filename = "string?" }) end
  return handle(host.call("media.create", { [field] = text, filename = options and options.filename }))
end

function Media.from_bytes(bytes, options) return create("Media.from_bytes", "bytes", bytes, options) end

function Media.from_base64(text, options) return create("Media.from_base64", "base64", text, options) end

host.module("Media", Media)
