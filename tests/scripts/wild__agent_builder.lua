-- An agent made by chaining, asked in several spellings.
-- expect: output I'm asked: ping
-- expect: output I'm asked: pong
-- expect: output I'm asked: plain
-- expect: output streamed: I'm asked: bits
-- expect: output helper	mock	scripted
-- expect: log warn resource_limits
-- manifest: [providers.scripted]
-- manifest: kind = "scripted"
-- manifest: replies = [{ text = "I'm asked: {input}" }]
local ok, helper = pcall(function()
  return Agent.builder()
    :name("helper")
    :description("Answers in one line")
    :type("llm")
    :provider("scripted")
    :model("mock")
    :system_prompt("You answer in one line.")
    :temperature(0.3)
    :max_tokens(120)
    :resource_limits({ max_execution_time_secs = 30, max_tool_calls = 3 })
    :build()
end)
if not ok then
  print("no agent: " .. tostring(helper))
  return
end
print(helper:execute({ prompt = "ping" }).text)
print(helper:invoke({ text = "pong" }).text)
print(helper:invoke("plain").text)
local pieces = {}
for chunk in helper:stream_execute({ prompt = "bits" }) do
  if chunk.content.text then table.insert(pieces, chunk.content.text) end
end
print("streamed: " .. table.concat(pieces))
assert(Agent.get("helper") == helper)
print(helper.name, helper.model, helper.provider)
