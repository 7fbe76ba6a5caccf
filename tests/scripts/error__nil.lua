-- error() without a message still says where it was, and what to do.
-- expect: error runtime:4 (error object is a nil value)
-- expect: hint raise a text
error()
