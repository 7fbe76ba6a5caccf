-- A function of a module that is called with ':' gets its hint from the line.
-- expect: error runtime:4 bad argument #1 to 'Agent.create'
-- expect: hint functions of 'Agent' are called with '.': Agent.create(...)
Agent:create { name = "a" }
