-- Every metamethod may wait, also inside a coroutine.
-- expect: ok
local log = {}
local function waits(name, result)
  return function(...)
    Task.sleep(0)
    log[#log + 1] = name
    if type(result) == "function" then return result(...) end
    return result
  end
end
local meta = {
  __index = waits("index", function(_, k) return "got " .. k end),
  __newindex = waits("newindex", function(t, k, v) rawset(t, k, v) end),
  __call = waits("call", function(_, x) return x end),
  __add = waits("add", 1), __sub = waits("sub", 2), __mul = waits("mul", 3), __div = waits("div", 4),
  __mod = waits("mod", 5), __pow = waits("pow", 6), __idiv = waits("idiv", 7), __unm = waits("unm", 8),
  __band = waits("band", 9), __bor = waits("bor", 10), __bxor = waits("bxor", 11), __shl = waits("shl", 12),
  __shr = waits("shr", 13), __bnot = waits("bnot", 14), __concat = waits("concat", "c"), __len = waits("len", 15),
  __eq = waits("eq", true), __lt = waits("lt", true), __le = waits("le", false),
  __close = waits("close"),
}
local function new() return setmetatable({}, meta) end

local function check()
  local a, b = new(), new()
  assert(a.name == "got name")
  a.x = 1
  assert(rawget(a, "x") == 1)
  assert(a("arg") == "arg")
  assert(a + b == 1 and a - b == 2 and a * b == 3 and a / b == 4 and a % b == 5 and a ^ b == 6 and a // b == 7)
  assert(-a == 8 and a & b == 9 and a | b == 10 and a ~ b == 11 and a << b == 12 and a >> b == 13 and ~a == 14)
  assert(a .. b == "c" and "x" .. a == "c" and #a == 15)
  assert(a == b and not (a ~= b) and a < b and not (a <= b) and b > a and not (b >= a))
  do local closed <close> = a end
  return #log
end
local expected = check()
assert(log[#log] == "close")
log = {}
assert(coroutine.wrap(check)() == expected)

-- A chain of __index: three waits for one look-up.
local chain = setmetatable({}, { __index = function(_, k) return new()[k] end })
log = {}
assert(setmetatable({}, { __index = chain }).deep == "got deep" and #log == 1)
