from django.apps import AppConfig


class WatchingConfig(AppConfig):
    name = "tradepost.marketplace.watching"
    label = "watching"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import jobs  # noqa: F401  registers the poll sweep
