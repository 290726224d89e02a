"""Template tags and filters of every page."""

from datetime import datetime

import segno
from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from qipan.kernel.place import place_text, short_code

from ..manifest import files_of, is_built

register = template.Library()
MINUS = "–"  # what stands where there is no figure


@register.filter
def place(value: int) -> str:
    """This filter will write a place number as text."""
    return place_text(value)


@register.filter
def figure(value: int | float | None, style: str = "exact") -> str:
    """This filter will write a count: thousands grouped; ``figure:"short"`` as people say it (875万, 8.75 M).

    None, which means that nobody counted, is a dash and never 0.
    """
    if value is None:
        return MINUS
    if style == "short":
        for unit, size in CHINESE if is_chinese() else ENGLISH:
            if abs(value) >= size:
                return number_format(f"{value / size:.2f}".rstrip("0").rstrip("."), use_l10n=False) + unit
    return number_format(value, force_grouping=True)


CHINESE = (("亿", 100_000_000), ("万", 10_000))
ENGLISH = ((" M", 1_000_000),)


def is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def share(part: int | None, whole: int | None) -> str:
    """This function will write ``part`` of ``whole`` in percent with one decimal; nearly all is never "100 %"."""
    if part is None or not whole:
        return MINUS
    tenths = part * 1000 // whole  # rounded down: 99.96 % of the doors is not all of them
    return f"{tenths // 10}.{tenths % 10}{'%' if is_chinese() else ' %'}"


@register.simple_tag(takes_context=True)
def around(context: template.Context, spot: int | str) -> SafeString:
    """This tag will lead from one thing to all else on its ground: ``{% around matter.place %}``, or an area's code.

    A place leads to its compound, else to the smallest area that it stands for. Nothing where the post reads no such page.
    """
    actor = context.get("actor")
    if actor is None or not (actor.can("board.view") or actor.can("desk.view")):
        return SafeString()
    code = spot if isinstance(spot, str) else place_text(spot)[:15]
    return format_html('<a class="btn" href="{}">{}</a>', reverse("around", args=[short_code(code)]), _("Around here"))


@register.simple_tag
def percent(part: int | None, whole: int | None) -> SafeString:
    """This tag will write a rate with its numerator and denominator on hover: ``{% percent 5425 8750 %}``."""
    return format_html('<span class="num" title="{} / {}">{}</span>', figure(part), figure(whole), share(part, whole))


@register.simple_tag
def as_of(moment: datetime) -> SafeString:
    """This tag will write the moment that a figure is of: "as of 14:32:07"."""
    local = timezone.localtime(moment)
    text = _("as of %(time)s") % {"time": f"{local:%H:%M:%S}"}
    return format_html('<time class="as-of" datetime="{}">{}</time>', local.isoformat(timespec="seconds"), text)


@register.simple_tag
def entry(wanted: str, *, blocking: bool = False) -> SafeString:
    """This tag will load ``frontend/src/<wanted>.ts`` and its styles; nothing while the front end is not built.

    ``blocking=True`` is for a script that must run before the first paint (it may import nothing).
    """
    if not is_built():
        return SafeString("")
    script, imports, styles = files_of(wanted)
    if blocking:
        return format_html('<script src="{}"></script>', static(f"built/{script}"))
    return format_html(
        '{}{}<script type="module" src="{}"></script>',
        format_html_join("", '<link rel="stylesheet" href="{}">\n', ((static(f"built/{name}"),) for name in styles)),
        format_html_join(
            "", '<link rel="modulepreload" href="{}">\n', ((static(f"built/{name}"),) for name in imports)
        ),
        static(f"built/{script}"),
    )


@register.simple_tag
def qr(said: str, *, error: str = "m") -> SafeString:
    """This tag will draw a QR code as wide as its place, black on white in either theme; ``error="l"`` for what is long."""
    drawn = segno.make(said, error=error, micro=False)
    return SafeString(drawn.svg_inline(border=2, dark="#000", light="#fff", omitsize=True))


@register.filter
def roman(value: int) -> str:
    """This filter will write a level as the law does: I, II, III, IV."""
    return ("I", "II", "III", "IV")[value - 1]


@register.filter
def minutes(seconds: int | float | None) -> str:
    """This filter will write a lead time: "42 s", "3 min 5 s", "2 h 10 min"; None is a dash."""
    if seconds is None:
        return MINUS
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest // 60}
    if rest >= 60:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": rest // 60, "seconds": rest % 60}
    return _("%(seconds)d s") % {"seconds": rest}
