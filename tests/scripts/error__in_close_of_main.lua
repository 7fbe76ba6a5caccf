-- An error in a to-be-closed variable replaces the one that was on its way, as in Lua.
-- expect: error runtime:4 second
-- expect: output closing after first
local x <close> = setmetatable({}, { __close = function(_, e) print("closing after " .. e) error("second") end })
error("first", 0)
