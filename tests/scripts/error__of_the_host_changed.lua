-- A script that catches an error of the host and raises one of its own fails with its own.
-- expect: error runtime:8 wrapped: denied
local ok, e = pcall(require, "anything")
assert(e.kind == "denied")
local function wrap()
  Task.sleep(0)
  -- a plain error
  error("wrapped: " .. e.kind)
end
coroutine.wrap(wrap)()
