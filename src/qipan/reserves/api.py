"""The front door of reserves: what is still open of calls and requisitions, and how it is ended."""

from .actions.calling import end_call
from .actions.closing import close_line
from .queries.lines import OpenLine, open_lines

__all__ = ["OpenLine", "close_line", "end_call", "open_lines"]
