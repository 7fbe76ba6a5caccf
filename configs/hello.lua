local greeter = Agent.get("greeter")

print(greeter:execute("Hello, world!").text)

-- The same, word by word, as the words come.
for chunk in greeter:stream_execute("Hello again!") do
  if chunk.content.text then io.write(chunk.content.text) end
end
print()
