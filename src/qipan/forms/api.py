"""The front door of forms: passports, and where a form is open."""

from .actions import PersonFormUnderStanding, close_forms, open_form, publish_form, seed_forms
from .actions.disputes import decide_dispute
from .actions.erasing import erase_submissions, forget_points, start_clock
from .actions.refusals import InProgress
from .actions.submitting import FormAnswered, Sent, Taken, take_submission
from .models import Form, FormMedia, FormOpening, Submission
from .queries import asked_ground, get_form, open_forms, openings_on, register_posture, register_teams
from .queries.clock import open_lines
from .queries.held import GroundTooWide, held_values
from .queries.paper import PaperLine, paper_of
from .queries.passports import passport_lines
from .queries.submissions import (
    file_of,
    files_beside,
    form_to_fill,
    forms_to_fill,
    lapsed_forms,
    media_of,
    submissions_held,
    with_files,
)
from .rules import Converted, Definition, FormBroken, Media, convert_xlsform, may_open
from .terms import Outcome, Subject

__all__ = [
    "Converted",
    "Definition",
    "Form",
    "FormAnswered",
    "FormBroken",
    "FormMedia",
    "FormOpening",
    "GroundTooWide",
    "InProgress",
    "Media",
    "Outcome",
    "PaperLine",
    "PersonFormUnderStanding",
    "Sent",
    "Subject",
    "Submission",
    "Taken",
    "asked_ground",
    "close_forms",
    "convert_xlsform",
    "decide_dispute",
    "erase_submissions",
    "file_of",
    "files_beside",
    "forget_points",
    "form_to_fill",
    "forms_to_fill",
    "get_form",
    "held_values",
    "lapsed_forms",
    "may_open",
    "media_of",
    "open_form",
    "open_forms",
    "open_lines",
    "openings_on",
    "paper_of",
    "passport_lines",
    "publish_form",
    "register_posture",
    "register_teams",
    "seed_forms",
    "start_clock",
    "submissions_held",
    "take_submission",
    "with_files",
]
