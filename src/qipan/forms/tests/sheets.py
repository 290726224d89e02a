"""XLSForms that tests upload."""

from qipan.forms.rules import make_xlsform

HEAD = ["type", "name", "label::中文 (zh)", "label::English (en)", "relevant", "qipan_field"]
WORKS = [
    ["list_name", "name", "label::中文 (zh)", "label::English (en)"],
    ["works", "yes", "正常", "works"],
    ["works", "no", "不正常", "does not work"],
]
HEATING = [
    ["text", "compound", "小区", "Compound", "", "compound_name"],
    ["begin_group", "inside", "室内", "Inside", "", ""],
    ["select_one works", "heating", "供暖是否正常", "Does the heating work", "", "door_heating_works"],
    ["end_group", "", "", "", "", ""],
    ["select_one works", "help", "需要帮助吗", "Is help needed", "", "door_help_needed"],
    ["date", "again", "哪天再来", "Day of the next visit", "", "visit_appointment"],
]


def sheet(*rows: list[str], **more: list[list[str]]) -> bytes:
    """This function will write an XLSForm with these questions."""
    return make_xlsform({"survey": [HEAD, *rows], "choices": WORKS, **more})
