"""One module a family of file formats: what a file says of itself, and what is left of it without its metadata.

`read(window)` gives the metadata, `kept(window)` the ranges and bytes that a file without metadata is made of. Both
raise InvalidMedia for a file that is not whole, and take bounded time and memory whatever the file says.
"""
