"""The pages of the room."""

from .listing import forms_page

__all__ = ["forms_page"]
