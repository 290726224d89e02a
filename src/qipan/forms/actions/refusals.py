"""Why a filled form is not taken."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

MOST_FILES = 50  # of one filled form


class FormUnknown(Refusal):
    code = "form_unknown"
    sentence = _("There is no form of this name here, or it was never published.")
    status = 404


class VersionUnknown(Refusal):
    code = "version_unknown"
    sentence = _("This version of the form was never published. Please get the form again.")
    status = 400


class FormNotOpen(Refusal):
    """Closed, expired, not opened here, or a place that is not the sender's: for him they look alike."""

    code = "form_not_open"
    sentence = _("The form is not open at this place, or the place lies outside your area. Nothing was kept.")
    status = 403


class PlaceMissing(Refusal):
    code = "place_missing"
    sentence = _("The form does not say which door it is about.")
    status = 400


class TooManyFiles(Refusal):
    code = "too_many_files"
    sentence = _("At most %(most)s files go with one form.")
    status = 413

    def __init__(self) -> None:
        super().__init__(most=MOST_FILES)


class InProgress(Refusal):
    code = "in_progress"
    sentence = _("The same form is being taken right now; send it again in a moment.")
    status = 423


class StoreUnavailable(Refusal):
    """The database is full, locked or lost."""

    code = "try_again"
    sentence = _("The database cannot be written right now; nothing was kept. Please send it again.")
    status = 503
