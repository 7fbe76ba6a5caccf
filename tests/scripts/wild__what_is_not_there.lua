-- A module that rs-llmspell has and llmspell has not is named plainly, with what there is instead.
-- expect: error runtime:5 global 'Session'
-- expect: hint llmspell has no 'Session'
-- expect: hint State
local session = Session.create({ name = "x" })
