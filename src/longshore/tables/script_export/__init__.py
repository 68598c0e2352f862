"""A history as a Python script that needs only Polars: it reads the same file and gives the same table.

Every operation says its own code, in :meth:`~longshore.tables.operations.Operation.code`, with the words of
:mod:`longshore.tables.codegen`; :mod:`.script` puts the steps together, :mod:`.reading` writes how the file is read.
What is too long for a line is a helper function, whose source is taken from this project as it stands
(:mod:`.sources`): the function that the engine runs and that is tested here is the function in the script.
"""
