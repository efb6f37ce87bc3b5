"""The ASGI application: pages and API over HTTP, boards over websockets."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

from webapp import arenas

arenas.limit()  # before there are threads
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
http = get_asgi_application()  # before anything that needs the app registry

from boards.socket import routing  # noqa: E402
from webapp.door import daphne, open_files  # noqa: E402
from webapp.door.asgi import BoundedBodies  # noqa: E402
from webapp.door.pacing import Paced  # noqa: E402

open_files.raise_file_limit()
daphne.install()
application = ProtocolTypeRouter({"http": BoundedBodies(Paced(http)), "websocket": routing.application})
