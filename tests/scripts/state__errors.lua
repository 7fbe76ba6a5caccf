-- What cannot be stored is refused with the reason, and what was there stays.
-- expect: ok
local function fails(f, ...)
  local wanted = select("#", ...) > 0 and (...) or ""
  local ok, e = pcall(f)
  assert(not ok and tostring(e):find(wanted, 1, true), tostring(e))
  return e
end
State.set("key", "before")
fails(function() State.get() end, "state__errors.lua:10: bad argument #1 to 'State.get' (string expected, got no value)")
fails(function() State.set(1, 2) end, "bad argument #1 to 'State.set' (string expected, got integer)")
fails(function() State.delete({}) end, "bad argument #1 to 'State.delete' (string expected, got table)")
fails(function() State.sett("a", 1) end, "'State' has no function 'sett'; did you mean 'set'?")
fails(function() State.set("key", print) end, "state__errors.lua:14: data expected, got a function (field 'value')")
fails(function() State.set("key", { a = { print } }) end, "data expected, got a function (field 'value.a[1]')")
fails(function() State.set("key", { [true] = 1 }) end, "key must be a string or an integer, not a boolean")
fails(function() State.set("key", { [1.5] = 1 }) end, "key must be a string or an integer, not a number")
local cyclic = {}
cyclic[1] = cyclic
fails(function() State.set("key", cyclic) end, "contains itself")
assert(fails(function() State.set("\xff", 1) end, "argument: State.set: the key is not UTF-8 text").kind == "argument")
fails(function() State.get("\xff") end, "State.get: the key is not UTF-8 text")
fails(function() State.delete("\xff") end, "State.delete: the key is not UTF-8 text")
fails(function() State.set(("ä"):rep(513), 1) end, "State.set: the key has 1,026 bytes, and at most 1,024 are allowed")
State.set(("k"):rep(1024), 1)
assert(State.get("key") == "before" and #State.keys() == 2)
