"""A form that clients can fill, open in Jinjiang, and filled ones as they are sent; for tests of both rooms."""

import io
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import openpyxl

from qipan.access.testing import Cast
from qipan.kernel.place import Range, range_of

from .api import Form, Media, convert_xlsform, open_form, publish_form
from .models import FormMedia

CODE = "door-needs"
DOOR = "5101040010010010001"
NEXT_DOOR = "5101050010010010001"
HERE = range_of("510104")
SURVEY = [
    ["type", "name", "label::中文 (zh)", "label::English (en)", "required", "relevant", "constraint"],
    ["start", "begun", "", "", "", "", ""],
    ["end", "ended", "", "", "", "", ""],
    ["text", "place", "门号", "Door number", "yes", "", ""],
    ["integer", "people", "人数", "People", "yes", "", ". < 50"],
    ["select_one yes_no", "help", "需要帮助", "Help needed", "", "", ""],
    ["text", "why", "何种帮助", "Which help", "yes", "${help} = 'yes'", ""],
    ["select_multiple needs", "needs", "需要", "Needs", "", "", ""],
    ["begin_repeat", "pet", "宠物", "Pet", "", "", ""],
    ["text", "kind", "种类", "Kind", "yes", "", ""],
    ["date", "seen", "日期", "Day", "", "", ""],
    ["end_repeat", "", "", "", "", "", ""],
    ["begin_group", "spot", "现场", "On the spot", "", "", ""],
    ["image", "photo", "照片", "Photograph", "", "", ""],
    ["geopoint", "point", "位置", "Point", "", "", ""],
    ["decimal", "width", "宽度", "Width", "", "", ""],
    ["end_group", "", "", "", "", "", ""],
]
CHOICES = [
    ["list_name", "name", "label::中文 (zh)", "label::English (en)"],
    ["yes_no", "yes", "是", "Yes"],
    ["yes_no", "no", "否", "No"],
    ["needs", "food", "食品", "Food"],
    ["needs", "care", "照护", "Care"],
]


def workbook(survey: list[list[str]], choices: list[list[str]]) -> bytes:
    """This function will write an XLSForm."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("survey")
    for line in survey:
        sheet.append(line)
    sheet = book.create_sheet("choices")
    for line in choices:
        sheet.append(line)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def publish(
    cast: Cast,
    *,
    code: str = CODE,
    subject: str = "DOOR",
    survey: list[list[str]] = SURVEY,
    choices: list[list[str]] = CHOICES,
    media: tuple[Media, ...] = (),
    number: str = "QP-7",
    article: str = "",
    issuer: str = "5101:lead-body",
    several: bool = True,
) -> Form:
    """This function will publish a form with its passport and its questions, which may be filled in again and again."""
    form = publish_form(
        code=code,
        title="入户需求表",
        title_en="Needs at the door",
        subject=subject,
        number=number,
        issuer=cast.unit(issuer),
        approval="approval 7",
        basis="Statistics Law, art. 17",
        article=article,
        purpose="help where it is needed",
        valid_from=cast.at - timedelta(days=1),
        valid_to=cast.at + timedelta(days=30),
        several=several,
        by=cast.lead,
        at=cast.at - timedelta(days=1),
    )
    made = convert_xlsform(workbook(survey, choices), code=code, version=form.version, title=form.title, media=media)
    form.xform = made.xform
    form.save(update_fields=["xform"])
    for one in made.media:
        FormMedia.objects.create(form=form, name=one.name, content=one.content, sha256=str(hash(one.content)))
    return form


def opened(cast: Cast, form: Form, *, ground: Range = HERE, **changes: Any) -> Form:
    """This function will open a form in Jinjiang for three days."""
    begin = cast.at - timedelta(hours=1)
    terms: dict[str, Any] = {"closes_at": cast.at + timedelta(days=3), "by": cast.city_commander, "at": begin}
    open_form(form, grounds=[ground], **{**terms, **changes})
    return form


@dataclass
class Filled:
    """A filled form; ``xml()`` is what a client sends."""

    code: str = CODE
    version: str = "1"
    id: str = field(default_factory=lambda: f"uuid:{uuid.uuid4()}")
    place: str = DOOR
    people: str = "3"
    more: str = ""  # further elements
    end: str = "2026-08-01T10:00:00.000+08:00"
    head: str = ""
    base: str = ""  # the id of the one that it changes

    def xml(self) -> bytes:
        """This method will write the XML as ODK's clients do."""
        base = f"<deprecatedID>{self.base}</deprecatedID>" if self.base else ""
        return (
            f'{self.head}<data id="{self.code}" version="{self.version}"><begun>2026-08-01T09:58:00.000+08:00</begun>'
            f"<ended>{self.end}</ended><place>{self.place}</place><people>{self.people}</people>{self.more}"
            f"<meta><instanceID>{self.id}</instanceID>{base}</meta></data>"
        ).encode()
