-- The loop that forgets that not every chunk has text.
-- expect: error runtime:6 attempt to concatenate a nil value (field 'text')
-- expect: hint if chunk.content.text
local said = ""
for chunk in Agent.create {}:stream_execute("hi") do
  said = said .. chunk.content.text
end
