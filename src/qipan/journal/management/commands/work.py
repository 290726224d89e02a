"""``qipan work``: the background process."""

import logging
from argparse import ArgumentParser
from threading import Event, Thread

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils.module_loading import autodiscover_modules

from qipan.kernel.queue import Beat, beats, queue, slow

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Runs the periodic jobs of all rooms until it is stopped: reminders, sealing, sums, messages."""

    help = "Run background jobs until stopped (Ctrl-C)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workers", type=int, default=1, help="threads for jobs (default 1)")

    def handle(self, *args: object, **options: int) -> None:
        """This command will load every room's ``jobs.py`` and run what it hangs on the queue."""
        autodiscover_modules("jobs")
        stop = Event()
        threads = [Thread(target=self.beat, args=(beat, stop), daemon=True) for beat in beats]
        for thread in threads:
            thread.start()
        jobs = sum(len(one._registry.periodic_tasks) for one in (queue, slow))
        self.stdout.write(f"qipan work: {jobs} periodic jobs, {len(beats)} beats")
        beside = slow.create_consumer(workers=1, periodic=True, shutdown_timeout=10)
        beside.start()
        try:
            queue.create_consumer(workers=options["workers"], periodic=True).run()
        finally:
            stop.set()
            beside.stop(graceful=True)
            for thread in threads:
                thread.join(timeout=10)

    def beat(self, beat: Beat, stop: Event) -> None:
        """This method will call a beat at its rhythm; a failure is logged and the next beat tries again."""
        while not stop.wait(beat.seconds):
            close_old_connections()
            try:
                beat.run()
            except Exception:
                log.exception("%s failed", beat.run)
        close_old_connections()
