-- An input without a text says what an input is.
-- expect: error runtime:4 (field 'text': string expected, got no value; pass a string or { text = ... })
local agent = Agent.create {}
agent:execute { message = "hi" }
