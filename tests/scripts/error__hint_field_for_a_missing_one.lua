-- Where a field is missing and there is one with nearly its name, that is said.
-- expect: error runtime:3 bad argument #1 to 'Workflow.sequential' (unknown field 'step'; did you mean 'steps'?)
Workflow.sequential { step = { { run = print } } }
