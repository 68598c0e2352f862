"""Where a cell's value comes from: followed back through the history to the file that was imported.

::

    found = explain(made, row=17, column=3)
    found.original          # the value as imported, its line in the file
    found.steps             # every step that changed the cell, moved its row or renamed its column
"""

from longshore.tables.replay.lineage.cells import explain
from longshore.tables.replay.lineage.results import Explanation, Original, Place, StepOfCell

__all__ = ["Explanation", "Original", "Place", "StepOfCell", "explain"]
