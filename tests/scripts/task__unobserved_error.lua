-- An error of a child that nobody looked at is not lost: the parent fails with it.
-- expect: error runtime:7 nobody looks
-- expect: traceback in task 1:
-- expect: traceback task__unobserved_error.lua:7: in function
Task.spawn(function()
  Task.sleep(0)
  error("nobody looks")
end)
Task.sleep(0.02)
print("main ends well")
