-- A function that takes a list, called with ':'.
-- expect: error runtime:4 bad argument #1 to 'Task.all' (list expected, got a table with the key '
-- expect: hint functions of 'Task' are called with '.': Task.all(...)
Task:all { print }
