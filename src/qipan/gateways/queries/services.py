"""The catalogue as Open311 services, with what each asks."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import NotFound, Refusal
from qipan.matters.api import Category, categories, get_category

from ..models import Attribute
from ..terms import DataType

SPOT, PRIVATE, NOTICE = "spot", "private", "notice"  # what every service asks or says
OURS = (SPOT, PRIVATE, NOTICE)


class ServiceUnknown(Refusal):
    code = "service_unknown"
    sentence = _("There is no service with this service_code.")
    status = 404


@dataclass(frozen=True)
class Question:
    """What a service asks: an attribute of the city's, or one that all services have."""

    code: str
    datatype: str
    description: str
    required: bool = False
    variable: bool = True
    choices: tuple[tuple[str, str], ...] = ()


def get_service(code: str) -> Category:
    """This function will return the category behind a service code; raises ``ServiceUnknown``."""
    try:
        return get_category(code)
    except NotFound:
        raise ServiceUnknown from None


def services() -> list[dict[str, Any]]:
    """This function will return the services that are in force, as GeoReport v2 describes them."""
    return [
        {
            "service_code": one.code,
            "service_name": one.label,
            "description": one.filing_label,
            "metadata": True,
            "type": "realtime",
            "keywords": one.get_kind_display(),
            "group": one.group_label,
        }
        for one in categories()
    ]


def questions(category: Category) -> list[Question]:
    """This function will return what a service asks, in order: the city's own attributes, then what all services ask."""
    own = [
        Question(one.code, one.datatype, one.label, one.required, choices=tuple(one.choices))
        for one in Attribute.objects.filter(category_code=category.code).order_by("order", "code")
    ]
    return [
        Question(
            NOTICE,
            DataType.STRING,
            _now("Please write no names, telephone numbers or numbers of papers into the description."),
            variable=False,
        ),
        *own,
        Question(SPOT, DataType.STRING, _now("Where exactly, in your words; it is not published")),
        Question(
            PRIVATE,
            DataType.ONE,
            _now("Keep it off every public list?"),
            choices=(("no", _now("no")), ("yes", _now("yes"))),
        ),
    ]


def definition(category: Category) -> dict[str, Any]:
    """This function will return the definition of a service with its attributes."""
    return {
        "service_code": category.code,
        "attributes": [
            {
                "variable": one.variable,
                "code": one.code,
                "datatype": str(one.datatype),
                "required": one.required,
                "datatype_description": None,
                "order": number,
                "description": one.description,
                **({"values": [{"key": key, "name": name} for key, name in one.choices]} if one.choices else {}),
            }
            for number, one in enumerate(questions(category), 1)
        ],
    }
