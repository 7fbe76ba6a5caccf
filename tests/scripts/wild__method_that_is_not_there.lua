-- A method that agents have elsewhere only is answered with those there are.
-- expect: error runtime:7 get_metrics
-- expect: hint 'agent' has the methods execute, stream_execute
local agent = Agent.builder()
  :model("mock")
  :build()
local metrics = agent:get_metrics()
