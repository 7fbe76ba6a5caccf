-- preamble.lua: what a file of Lua's test suite finds around it where lua.c and all.lua would be. It takes the file's
-- name and text, the suite's helper modules by name, and how to run it; it sets the suite's switches, puts stand-ins
-- where io, os and require would reach the world, and runs the text, unmodified, as a chunk of that name.
local name, text, modules, way = ...

_port = false -- the tests that not every platform passes, too,
_soft = false -- and those that take long or much memory;
_nomsg = true -- no list of what is left out,
T = nil -- which is what looks inside the interpreter, with a C library that only the suite's own build has
function Message() end

-- Booted whole, the guest opened the libraries again, as new tables, after the prelude had noted the old ones.
for _, library in ipairs { "string", "table", "math", "utf8", "coroutine", "debug", "io" } do
  package.loaded[library] = _G[library]
end
package.loaded.package = package
package.preload = {}

function require(wanted)
  if package.loaded[wanted] == nil then
    local loader = package.preload[wanted] or assert(load(modules[wanted], "@" .. wanted .. ".lua"))
    local value = loader(wanted)
    package.loaded[wanted] = value == nil or value
  end
  return package.loaded[wanted]
end

-- Lua has one metatable for all light userdata. The prelude's is for JSON.null; the suite expects none.
debug.setmetatable(JSON.null, nil)

-- A fresh full userdata. No function makes one, but string.gsub keeps a long result in one: its callback finds it among
-- gsub's temporaries, and when gsub has returned it is empty and nobody's.
local function new_userdata()
  local found
  string.gsub(string.rep("x", 1000), "x", function()
    for i = 1, 9 do
      local _, value = debug.getlocal(2, i)
      if not found and string.find(tostring(value), "^_UBOX") then found = value end
    end
  end)
  return found
end

-- Files that hold nothing and take what is written: what the suite looks at is their type and its name.
local file_meta = { __name = "FILE*", __index = {} }
function file_meta.__index:write() return self end
function file_meta.__gc(file)
  if file == nil then error("bad argument #1 to '__gc' (FILE* expected, got no value)", 2) end
end

for _, stream in ipairs { "stdin", "stdout", "stderr" } do
  io[stream] = debug.setmetatable(new_userdata(), file_meta)
end

function io.input(file)
  local meta = debug.getmetatable(file)
  if file ~= nil and meta ~= file_meta then
    error(("bad argument #1 to 'input' (FILE* expected, got %s)"):format(meta and meta.__name or type(file)), 2)
  end
  return io.stdin
end

-- One file in memory, for verybig.lua, which writes a program and runs it.
local written
local function write_to_file(...)
  for i = 1, select("#", ...) do written[#written + 1] = (select(i, ...)) end
end
local write_to_output = io.write
function io.output() written, io.write = {}, write_to_file end
function io.close() written, io.write = table.concat(written), write_to_output end
function os.tmpname() return "written.lua" end
function os.remove() return true end
function dofile(file) return assert(load(written, "@" .. file))() end

-- The only locale is C.
function os.setlocale(locale)
  if locale == nil or locale == "" or locale == "C" then return "C" end
end

-- The suite calls this where it must not get to.
function os.exit() error("os.exit was called", 2) end

local chunk = assert(load(text, "@" .. name))
if way == "bytecode" then chunk = assert(load(string.dump(chunk), name, "b")) end

-- What it gives, once or at each resume: plain values as they are, others by the name of their type.
local function plain(value)
  local kind = type(value)
  return (kind == "function" or kind == "table") and kind or value
end

if way == "coroutine" then
  local given = {}
  for value in coroutine.wrap(function() coroutine.yield(plain(chunk())) end) do
    given[#given + 1] = value
  end
  return table.unpack(given)
elseif way == "task" then
  return plain(Task.spawn(chunk):await())
end
return plain(chunk())
