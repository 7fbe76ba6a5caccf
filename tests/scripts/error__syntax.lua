-- A syntax error names file and line.
-- expect: error syntax:4 error__syntax.lua:4: <name> expected near '='
local fine = 1
local = 2
