"""Socket routes. Cookies are read for the session; see consumers for origin and sign-in."""

from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path

from boards.socket.consumers import board_socket

application = CookieMiddleware(
    URLRouter(
        [path("ws/v1/boards/<uuid:board>", board_socket)]  # type: ignore[arg-type]  # an ASGI app, not a view
    )
)
