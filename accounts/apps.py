from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import allauth_cache, guests  # noqa: F401  (guests connects its signal receivers)

        allauth_cache.install()
