-- What a script puts into its globals does not break what it is given.
-- expect: result [2, 4]
-- expect: log debug fine
for _, name in ipairs { "type", "pairs", "ipairs", "error", "setmetatable", "pcall", "tostring", "select", "next", "rawget",
  "math", "table", "coroutine", "tonumber", "load", "getmetatable", "JSON", "io", "utf8", "xpcall", "_G" } do
  if name ~= "_G" then _ENV[name] = nil end
end
local agent = Agent.create { model = "mock", tools = { Tool.define { name = "t", run = function() return { 1 } end } } }
local text = agent:execute("hi").text
for chunk in agent:stream_execute("x") do text = chunk end
os.time { year = 2020, month = 1, day = 1 }
Log.debug("fine")
Run.progress(0.5, "half")
Task.settle { function() Agent.create { modell = "x" } end }
return Task.map({ 1, 2 }, function(x) return x * 2 end)
