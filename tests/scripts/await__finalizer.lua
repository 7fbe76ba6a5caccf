-- A finalizer may ask the host; what it raises is a warning and does not reach the script.
-- expect: ok
local collected = 0
do
  for _ = 1, 10 do
    setmetatable({}, { __gc = function()
      Task.sleep(0)
      collected = collected + 1
    end })
  end
end
collectgarbage()
assert(collected == 10, collected)

setmetatable({}, { __gc = function() error("in a finalizer") end })
collectgarbage()

-- Objects die while replies of the host are taken apart, too.
for i = 1, 300 do
  setmetatable({}, { __gc = function() JSON.parse("[1]") end })
  local t = JSON.parse('{"list": [1, 2, 3], "text": "' .. ("x"):rep(i) .. '"}')
  assert(#t.list == 3 and #t.text == i)
end
