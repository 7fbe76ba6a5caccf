-- bare.lua: the least that the guest can start with, for comparison: what a script needs to wait, and nothing else.
local host = ...
Run = {}
Task = { sleep = function(seconds) return host.await("task.sleep", seconds) end }
function host.setup(config) return config.args end
