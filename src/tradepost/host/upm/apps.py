from django.apps import AppConfig


class UpmConfig(AppConfig):
    name = "tradepost.host.upm"
    label = "upm"
    default_auto_field = "django.db.models.BigAutoField"
