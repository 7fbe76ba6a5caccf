-- What a script has, and nothing else: no files, no processes, no bytecode, nothing behind the interpreter.
-- expect: ok
local function names(t)
  local list = {}
  for name in pairs(t) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, " ")
end
local function same(t, expected)
  assert(names(t) == expected, names(t))
end
same(_G, "ARGS Agent JSON Log Media Provider Run State Stream Streaming Task Tool Workflow _G _VERSION __context arg assert collectgarbage "
  .. "coroutine debug error getmetatable io ipairs load math next os package pairs pcall print rawequal rawget rawlen rawset "
  .. "require select setmetatable string table tonumber tostring type utf8 warn xpcall")
same(io, "flush lines read stderr stdin stdout write")
same(os, "clock date difftime getenv time")
same(debug, "getinfo traceback")
same(package, "loaded")
same(coroutine, "close create isyieldable resume running status wrap yield")
assert(string.dump == nil and ("").dump == nil and string.format and string.pack)
assert(_VERSION == "Lua 5.4" and _G._G == _G)
for _, name in ipairs { "string", "table", "math", "io", "os", "coroutine", "debug", "utf8" } do
  assert(require(name) == _G[name])
end
