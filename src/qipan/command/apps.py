from django.apps import AppConfig


class CommandConfig(AppConfig):
    name = "qipan.command"

    def ready(self) -> None:
        from qipan.desk.api import TasksAnswered
        from qipan.forms.api import FormAnswered
        from qipan.journal.api import subscribe

        from .subscribers import close_what_was_filled_in, close_what_was_handed_over

        subscribe(TasksAnswered, close_what_was_handed_over)
        subscribe(FormAnswered, close_what_was_filled_in)
