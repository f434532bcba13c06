from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "tradepost.foundation"
    label = "foundation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the background work of the foundation known; that of the domains is found by Procrastinate."""
        from . import mail, work  # noqa: F401
