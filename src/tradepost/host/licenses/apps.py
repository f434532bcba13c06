from django.apps import AppConfig


class LicensesConfig(AppConfig):
    name = "tradepost.host.licenses"
    label = "licenses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let every request have its moment."""
        from django.core.signals import request_finished, request_started

        from . import moment

        request_started.connect(moment.begin, dispatch_uid="tradepost_license_moment")
        request_finished.connect(moment.end, dispatch_uid="tradepost_license_moment")
