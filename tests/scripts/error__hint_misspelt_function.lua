-- A misspelt function says so itself, at once.
-- expect: error runtime:3 'Agent' has no function 'crate'; did you mean 'create'?
Agent.crate {}
