"""What forms holds of persons, for which purpose and how long; every column of every table of the room."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, Way, declare, register_opener, who_acted

from .actions.erasing import ANSWERS
from .actions.owning import OWN_ANSWERS

register_opener("forms.Submission", OWN_ANSWERS)

# Gone with the last answer that it showed.
declare(
    "forms.AnswerLook",
    PersonalData(
        "why",
        purpose=_("to show the person who looked, and why"),
        basis="pipl-2021-34",
        period=timedelta(days=730),
        starts_with=Starts.COLLECTED_OR_EMERGENCY,
        destroy=Destroy.ROWS,
    ),
    who_acted("by_label"),
    plain="form_code grounds code_hash",
    keys="id drill unit team at",
)
declare(
    "forms.Attachment",
    PersonalData(
        "name content",
        purpose=_("what a form asks, beside an answer"),
        basis="pipl-2021-34",
        period=timedelta(days=365),
        starts_with=Starts.COLLECTED_OR_EMERGENCY,
        destroy=Destroy.ROWS,
        way=Way.EITHER,
        holder=ANSWERS,
    ),
    plain="name_digest media_type sha256",
    keys="id submission received_at",
)
declare(
    "forms.ColumnOrder",
    who_acted("by_label"),
    plain="form_code name columns",
    keys="id at unit",
)
# Address and header are an office's; both are sealed.
declare(
    "forms.DataSource",
    who_acted("by_label"),
    plain="field_code title url records place_name value_name secret refusal validators",
    keys="id kind every active created_at changed_at ended_at due_at tried_at read_at failures failing_since",
)
declare(
    "forms.DraftMedia",
    plain="name content",
    keys="id draft",
)
declare(
    "forms.FieldEntry",
    plain="code name name_en source source_en",
    keys="id kind about owner held retention_days sensitivity example valid_from valid_to",
)
# What another register says of a place; of persons nothing is brought.
declare(
    "forms.FieldValue",
    plain="field_code value",
    keys="id delivery place",
)
declare(
    "forms.FieldValues",
    who_acted("by_label"),
    plain="field_code name sha256",
    keys="id rows as_of at source",
)
declare(
    "forms.Form",
    who_acted("approved_by"),
    plain="code title title_en number approval basis purpose xform source reason",
    keys="id version subject issuer valid_from valid_to once",
)
# ``account`` is kept only so that somebody else approves what is sensitive; nothing counts by it.
declare(
    "forms.FormDraft",
    PersonalData(
        "account",
        purpose=_("that somebody else approves what is sensitive"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    who_acted("by_label approved_by"),
    plain="code title title_en number approval basis article purpose file_name source fields reason approved_digest",
    keys="id subject issuer valid_from valid_to reuse several unit changed_at approved_at form",
)
declare(
    "forms.FormMedia",
    plain="name content sha256",
    keys="id form",
)
declare(
    "forms.FormOpening",
    plain="emergency source",
    keys="id form first last opened_at closes_at closed_at drill",
)
# Which unit and which team handed it in, never which person; a point to 50 metres; erased at ``erase_at``.
declare(
    "forms.FormQuestion",
    plain="path kind labels field_code",
    keys="id form order held",
)
declare(
    "forms.Submission",
    PersonalData(
        "xml answers merged chosen awaits differs",
        purpose=_("what a form asks, for the purpose on the form"),
        basis="pipl-2021-34",
        period=timedelta(days=365),
        starts_with=Starts.COLLECTED_OR_EMERGENCY,
        destroy=Destroy.ROWS,
        way=Way.EITHER,
        holder=ANSWERS,
    ),
    who_acted("decided_by"),
    plain="instance_id digest based_on emergency code_hash",
    keys="id form standing place unit team device_at record opening contested points_until received_at erase_at decided_at drill",
)
