-- Keys are listed sorted; a key that was set to nil or deleted is gone.
-- expect: output
-- expect: output Z [] a b ä 日
-- expect: output Z b ä 日
-- expect: output
local function show() print(table.concat(State.keys(), " ")) end
show()
for i, key in ipairs { "日", "b", "ä", "a", "[]", "Z" } do State.set(key, i) end
show()
State.delete("a")
State.set("[]", nil)
State.delete("a")
State.delete("never there")
show()
assert(State.get("a", "gone") == "gone")
for _, key in ipairs(State.keys()) do State.delete(key) end
show()
State.set("", "the empty key is a key")
assert(State.get("") and #State.keys() == 1)
