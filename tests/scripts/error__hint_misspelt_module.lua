-- A misspelt module is nil, and the hint names the one that was meant.
-- expect: error runtime:4 attempt to index a nil value (global 'Agnet')
-- expect: hint did you mean 'Agent'?
Agnet.create {}
