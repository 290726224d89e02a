"""The front door of reserves: what is still open of calls and requisitions, and how it is ended."""

from .actions.calling import end_call
from .actions.closing import close_line
from .queries.lines import Costs, OpenLine, costs_under, open_lines

__all__ = ["Costs", "OpenLine", "close_line", "costs_under", "end_call", "open_lines"]
