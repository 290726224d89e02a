from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class RetentionConfig(AppConfig):
    name = "qipan.retention"

    def ready(self) -> None:
        from qipan.desk.api import TaskState, reserve_words
        from qipan.kernel.retention import register_holds
        from qipan.laws.api import name_subjects

        from .queries import PURPOSE, grounds_held, names_of_purposes

        reserve_words("wish", frozenset({TaskState.DONE, TaskState.OBJECTED}))  # said on the wish's own page
        register_holds(grounds_held)
        name_subjects(PURPOSE, names_of_purposes)
        autodiscover_modules("retention")  # what each room declares of its columns
