-- The store is bounded in keys and in bytes; what is deleted or replaced makes room again.
-- expect: ok
-- manifest: [runtime]
-- manifest: memory = "100MB"
for i = 1, 10000 do State.set("k" .. i, i) end
local ok, e = pcall(State.set, "one more", 1)
assert(not ok and e.kind == "argument", tostring(e))
assert(e.message == "State.set: there are 10,000 keys already, and no more are kept", e.message)
assert(e.hint:find("delete keys", 1, true))
State.set("k1", "an old key can still be changed")
State.delete("k2")
State.set("one more", 1)
assert(#State.keys() == 10000)
for _, key in ipairs(State.keys()) do State.delete(key) end

local mega = ("x"):rep(1024 * 1024)
for i = 1, 15 do State.set("m" .. i, mega) end
ok, e = pcall(State.set, "m16", mega)
assert(not ok and e.kind == "argument", tostring(e))
assert(e.message:find("1,048,581 bytes for 'm16'", 1, true) and e.message:find("at most 16,777,216", 1, true), e.message)
assert(State.get("m16") == nil and #State.keys() == 15)
for _ = 1, 40 do State.set("m1", mega) end
State.set("m1", nil)
State.set("m16", mega)
assert(#State.get("m16") == #mega)
