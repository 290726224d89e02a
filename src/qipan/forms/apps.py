from django.apps import AppConfig


class FormsConfig(AppConfig):
    name = "qipan.forms"

    def ready(self) -> None:
        from qipan.desk.api import register_doubles, register_fields, register_known, register_titles
        from qipan.journal.api import register_audit
        from qipan.laws.api import name_subjects

        from .queries.burden import asked_twice, fields_of, known_of, labels_of_fields, titles_of
        from .queries.passports import names_of_forms
        from .queries.submissions import audit_submissions
        from .queries.versions import audit_versions

        register_known(known_of)
        register_fields(fields_of, labels_of_fields)
        register_doubles(asked_twice)
        register_titles(titles_of)
        name_subjects("forms.Form", names_of_forms)

        register_audit("digests of the filled forms against their content", audit_submissions)
        register_audit("records of forms against their versions", audit_versions)
