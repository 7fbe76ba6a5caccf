-- What is stored is a copy of plain data, and comes back as it was.
-- expect: ok
assert(State.get("nothing") == nil and State.get("nothing", 7) == 7 and State.get("nothing", false) == false)

local t = { 1, { deep = "x" } }
State.set("table", t)
t[1], t[2].deep = 2, "y"
local got = State.get("table")
assert(got[1] == 1 and got[2].deep == "x")
got[1] = 3
assert(State.get("table")[1] == 1)

for _, value in ipairs { 0, -1, 1.5, -0.0, math.maxinteger, math.mininteger, math.huge, "", "text", "\xff\0\n", false, true,
  ("x"):rep(100000), "日本" } do
  State.set("value", value)
  local back = State.get("value", "default")
  assert(back == value and math.type(back) == math.type(value), tostring(value))
end
State.set("value", 1.0)
assert(math.type(State.get("value")) == "float")
State.set("value", 0 / 0)
assert(State.get("value") ~= State.get("value"))

State.set("value", JSON.null)
assert(State.get("value", "default") == JSON.null)
State.set("value", { a = JSON.null, empty = JSON.array(), object = {}, [5] = "five", ["5"] = "text", [-1] = 0 })
local value = State.get("value")
assert(value.a == JSON.null and value[5] == "five" and value["5"] == "text" and value[-1] == 0)
assert(JSON.stringify { value.empty, value.object } == "[[],{}]")
State.set("value", { 1, nil, 3 })
assert(State.get("value")[3] == 3 and State.get("value")[2] == nil)

local deep = "bottom"
for _ = 1, 128 do deep = { deep } end
State.set("deep", deep)
local at = State.get("deep")
for _ = 1, 128 do at = at[1] end
assert(at == "bottom")
