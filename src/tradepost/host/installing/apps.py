from django.apps import AppConfig


class InstallingConfig(AppConfig):
    name = "tradepost.host.installing"
    label = "installing"
    default_auto_field = "django.db.models.BigAutoField"
