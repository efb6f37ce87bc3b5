from django.apps import AppConfig


class GenerationConfig(AppConfig):
    name = "generation"
    verbose_name = "Pictures"

    def ready(self) -> None:
        # Connects the receiver that publishes queued jobs, the worker's signals and the system checks.
        from generation import checks, tasks  # noqa: F401
