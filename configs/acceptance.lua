-- example_script.lua
-- This script should execute successfully as validation

local agent = Agent.create({
    name = "assistant",
    model = "gpt-3.5-turbo",
    prompt = "You are a helpful assistant"
})

local result = agent:execute({
    text = "What is 2+2?",
    parameters = { temperature = 0.7 }
})

print("Response:", result.text)

-- Test streaming
if agent:supports_streaming() then
    local stream = agent:stream_execute({ text = "Count to 5" })
    for chunk in stream do
        print("Chunk:", chunk.content.text)
    end
end

return "Success"
