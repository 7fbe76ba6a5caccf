-- NaN as an error is not taken for another one that was raised while variables were closed.
-- expect: error runtime:3 nan
error(0 / 0)
