-- A misspelt field is named with the nearest one that there is.
-- expect: error runtime:3 bad argument #1 to 'Agent.create' (unknown field 'promt'; did you mean 'prompt'?)
Agent.create { promt = "You are brief." }
