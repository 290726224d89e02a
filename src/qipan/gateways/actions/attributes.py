"""What services ask: set as a whole from a table."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput
from qipan.matters.api import categories

from ..models import Attribute
from ..queries.services import OURS
from ..terms import DataType

COLUMNS = ("service_code", "code", "datatype", "required", "description", "description_en", "values")
YES, NO = ("1", "yes", "true", "是"), ("", "0", "no", "false", "否")


@transaction.atomic
def import_attributes(rows: Sequence[Mapping[str, str]], *, by: Actor, at: datetime) -> int:
    """This function will set what services ask, all or nothing; what stood before is replaced. Returns how many.

    ``values`` are ``key=name=name in English`` with ``|`` between them. Needs ``partner.manage``. Raises
    ``NotAllowed``, ``BadInput`` with the line of each problem.
    """
    by.require("partner.manage")
    known = {one.code for one in categories()}
    made: list[Attribute] = []
    problems: list[str] = []
    for number, row in enumerate(rows, 2):
        read = _read(row, order=number, known=known)
        if isinstance(read, str):
            problems.append(_("line %(line)s: %(problem)s") % {"line": number, "problem": read})
        elif any((one.category_code, one.code) == (read.category_code, read.code) for one in made):
            problems.append(_("line %(line)s: %(problem)s") % {"line": number, "problem": _("asked twice")})
        else:
            made.append(read)
    if problems:
        raise BadInput(problems)
    Attribute.objects.all().delete()
    Attribute.objects.bulk_create(made)
    record("gateways.import_attributes", subject="gateways.Attribute", by=by, at=at, data={"attributes": len(made)})
    return len(made)


def _read(row: Mapping[str, str], *, order: int, known: set[str]) -> Attribute | str:
    given = {name: str(row.get(name) or "").strip() for name in COLUMNS}
    code, required = given["code"], given["required"].lower()
    if given["service_code"] not in known:
        return _("no service has this service_code")
    if not code.isascii() or not code.replace("-", "").replace("_", "").isalnum() or len(code) > 30 or code in OURS:
        return _("code is letters, digits, - and _, and none of those that all services have")
    if given["datatype"] not in DataType.values:
        return _("datatype is one of %(kinds)s") % {"kinds": ", ".join(DataType.values)}
    if required not in (*YES, *NO):
        return _("required is yes or no")
    if not given["description"] or len(given["description"]) > 200 or len(given["description_en"]) > 200:
        return _("a description has 1 to 200 characters")
    values = [[*(part.strip() for part in one.split("=")), "", ""][:3] for one in given["values"].split("|") if one]
    listed = given["datatype"] in (DataType.ONE, DataType.MANY)
    if listed != bool(values) or any(not key or not name for key, name, _english in values):
        return _("lists, and only they, need values as key=name with | between them")
    if len({key for key, _name, _english in values}) != len(values):
        return _("a key stands twice")
    return Attribute(
        category_code=given["service_code"],
        code=code,
        order=order,
        datatype=given["datatype"],
        required=required in YES,
        description=given["description"],
        description_en=given["description_en"],
        values=values,
    )
