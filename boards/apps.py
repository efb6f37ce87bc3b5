from django.apps import AppConfig


class BoardsConfig(AppConfig):
    name = "boards"

    def ready(self) -> None:
        from boards import claims, placement  # noqa: F401  (connect their signal receivers)
