from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import guests, rate_limits  # noqa: F401  (guests connects its signal receivers)

        rate_limits.fail_open()
