from django.apps import AppConfig


class BoardsConfig(AppConfig):
    name = "boards"

    def ready(self) -> None:
        # These connect their signal receivers.
        from boards.jobs import placement  # noqa: F401
        from boards.sharing import guest_transfer  # noqa: F401
