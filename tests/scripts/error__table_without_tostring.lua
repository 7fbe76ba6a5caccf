-- expect: error runtime (error object is a table value)
error({ code = 7 })
