import os
import sys

from django.core.wsgi import get_wsgi_application

# A thread that wants the interpreter asks for it after 0.5 ms, not 5: an upload of six visits is shorter than one
# turn of the board's reading, and would wait for several of them.
sys.setswitchinterval(0.0005)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.config.settings")
django_application = get_wsgi_application()

from qipan.config import urls  # noqa: E402, F401 - after Django is set up; the rooms' views name their short ways
from qipan.webkit.short_way import with_short_ways  # noqa: E402

application = with_short_ways(django_application)
