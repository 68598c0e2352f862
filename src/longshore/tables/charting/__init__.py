"""Charts of a table: one definition gives the picture and the Vega-Lite specification, see :func:`.visualize`.

The engine counts, bins and thins out; what reaches the chart are at most some thousand marks, whatever the
table's size. Altair is imported with the first chart; pictures are made in a process of their own (:mod:`.pictures`).
"""

from longshore.tables.charting.drawing import visualize
from longshore.tables.charting.parameters import VisualizeParameters

__all__ = ["VisualizeParameters", "visualize"]
