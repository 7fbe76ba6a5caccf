-- expect: error runtime its __tostring failed
error(setmetatable({}, { __tostring = function() return {} end }))
