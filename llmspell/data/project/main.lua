-- A model that calls a function of this script. `llmspell run llmspell.toml` runs it.

local count_letters = Tool.define{
  name = "count_letters",
  description = "Counts the letters of a word.",
  parameters = { word = "string" },
  run = function(args) return utf8.len(args.word) end,
}

local agent = Agent.create{
  name = "speller",
  prompt = "You answer in one sentence.",
  tools = { count_letters },
}

local question = "How many letters has the word lighthouse?"
print(question)

-- The answer as it arrives; agent:execute(question).text is the same as a whole.
for chunk in agent:stream_execute(question) do
  if chunk.content.text then io.write(chunk.content.text) end
end
print()

print(Run.usage().provider_calls .. " model calls")
