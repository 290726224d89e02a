import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.config.settings")
application = get_wsgi_application()

from qipan.screening.views.visits import short_way  # noqa: E402 - after Django is set up

application = short_way(application)
