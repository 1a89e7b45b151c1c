"""Exports: a dataset as a trainer loads it, read back and compared with what `prepare` proved.

One file a format; each has three plain functions, which `formats.py` gathers in a table:

    rows     what is written of a conversation
    restore  the conversations that a row of the file holds
    render   their tokens and loss mask, as the trainer makes them of that row
"""
