"""The WSGI application of the service named by TRADEPOST_SERVICE."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.server.settings")
application = get_wsgi_application()
