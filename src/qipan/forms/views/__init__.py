"""The pages of the room."""

from .answers import answers_file, answers_look, answers_page
from .dictionary import bring, fields_file, fields_page, values_file
from .drafts import draft_act, draft_page, draft_source, new_form, template_file
from .form import form_page, form_source, passport_page
from .listing import forms_page

__all__ = [
    "answers_file",
    "answers_look",
    "answers_page",
    "bring",
    "draft_act",
    "draft_page",
    "draft_source",
    "fields_file",
    "fields_page",
    "form_page",
    "form_source",
    "forms_page",
    "new_form",
    "passport_page",
    "template_file",
    "values_file",
]
