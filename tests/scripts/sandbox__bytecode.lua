-- load takes text only, whatever mode is asked for.
-- expect: ok
local bytecode = "\27Lua\x54\0\x19\x93\r\n\x1a\n"
for _, mode in ipairs { "b", "bt", "t", "nonsense" } do
  local f, message = load(bytecode, "x", mode)
  assert(f == nil and message:find("binary chunk", 1, true), message)
end
assert(load(bytecode) == nil)
local i = 0
local pieces = { "\27", "Lua", bytecode }
assert(load(function()
  i = i + 1
  return pieces[i]
end) == nil)
assert(load("return 1", "x", "b") == nil)
assert(load("return 1")() == 1 and load("return x", "name", "t", { x = 5 })() == 5)
assert(load("return x", "name", nil, { x = 5 })() == 5)
local f, message = load("x =", "=name")
assert(f == nil and message:find("^name:1:"), message)
