-- Only variables that the manifest declares can be read; others are as if they were not set.
-- expect: ok
assert(os.getenv("HOME") == nil and os.getenv("PATH") == nil and os.getenv("") == nil)
assert(not pcall(os.getenv) and not pcall(os.getenv, 42))
