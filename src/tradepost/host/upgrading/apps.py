from django.apps import AppConfig


class UpgradingConfig(AppConfig):
    name = "tradepost.host.upgrading"
    label = "upgrading"
    default_auto_field = "django.db.models.BigAutoField"
