"""What is typed in beside a sheet of paper."""

from django import forms
from django.utils.translation import gettext_lazy as _


class PaperInput(forms.Form):
    """When the doors on the sheet were visited."""

    at = forms.DateTimeField(
        label=_("Visited at"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M"),
        error_messages={
            "required": _("Say when the doors were visited."),
            "invalid": _("Say when the doors were visited."),
        },
    )
