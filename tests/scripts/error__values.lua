-- Errors that are no strings are told as well as they can be.
-- expect: error runtime Custom(7)
error(setmetatable({ code = 7 }, { __tostring = function(e) return "Custom(" .. e.code .. ")" end }))
