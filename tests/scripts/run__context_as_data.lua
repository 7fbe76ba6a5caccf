-- What can only be read goes out with what is in it.
-- expect: result ["x", "y"]
-- args: x y
local back = JSON.parse(JSON.stringify(__context))
assert(back.run_id == Run.id and back.args[2] == "y" and back.providers[1] == "scripted", JSON.stringify(__context))
State.set("context", { __context })
assert(State.get("context")[1].script == __context.script and JSON.stringify(__context.tools) == "[]")
assert(JSON.stringify { __context.args } == '[["x","y"]]')
return __context.args
