-- Whatever a finalizer raises is a warning: the script goes on, and later finalizers run.
-- expect: output 6
local ran = 0
local agent = Agent.create { model = "m", provider = "nowhere" }
for _, value in ipairs { "text", false, {}, 42, setmetatable({}, { __tostring = error }) } do
  setmetatable({}, { __gc = function()
    ran = ran + 1
    error(value)
  end })
end
setmetatable({}, { __gc = function()
  ran = ran + 1
  agent:execute("an error of the host")
end })
collectgarbage()
print(ran)
