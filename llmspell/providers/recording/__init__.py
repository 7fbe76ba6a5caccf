"""Model turns kept in a file, and played back from it. It stands at the seam of Provider, so any kind can be recorded.

form        requests, replies and errors as plain data, and what makes two requests the same
file        the file: one JSON object a line; what is whole in it, and how large it may be
redaction   secrets out of plain data
recorder    a provider around another one, which writes down what passes
replay      the provider that plays a file
nearest     which recorded request was probably meant
"""
