-- One that executes itself in tasks without end reaches the limit on tasks, which nothing catches.
-- expect: error limit 'tasks'
-- manifest: [runtime]
-- manifest: tasks = 100
local itself
itself = Workflow.parallel { error_strategy = "continue", steps = { { run = function() itself:execute() end } } }
itself:execute()
