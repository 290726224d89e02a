import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.config.settings")
django_application = get_wsgi_application()

from qipan.config import urls  # noqa: E402, F401 - after Django is set up; the rooms' views name their short ways
from qipan.webkit.short_way import with_short_ways  # noqa: E402

application = with_short_ways(django_application)
