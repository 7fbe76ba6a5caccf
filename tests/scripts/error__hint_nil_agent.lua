-- Agent.get gives nil, which is noticed only later: the hint tells which name was wrong.
-- expect: error runtime:7 attempt to index a nil value (upvalue 'w')
-- expect: hint there is no agent 'wirter'; did you mean 'writer'?
Agent.create { name = "writer" }
local w = Agent.get("wirter")
local function ask(question)
  return w:execute(question).text
end
print(ask("hi"))
