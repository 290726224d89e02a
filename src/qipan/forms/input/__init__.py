"""What people type and upload on the pages of forms, checked."""

from .drafts import AgainForm, DraftForm, UploadForm, initial_of, midnight, passport_of_sheet

__all__ = ["AgainForm", "DraftForm", "UploadForm", "initial_of", "midnight", "passport_of_sheet"]
