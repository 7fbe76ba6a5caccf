-- What does not compile, and looks like another language, is translated.
-- expect: error syntax:4 'then' expected near '!'
-- expect: hint ~=
if 1 != 2 then print("different") end
