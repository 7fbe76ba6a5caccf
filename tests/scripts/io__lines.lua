-- io.lines reads the script's own input; a file's name is refused, not taken for it.
-- expect: error runtime:3 bad argument #1 to 'io.lines' (no value expected: it reads the script's own input, not files)
for line in io.lines("notes.txt") do print(line) end
