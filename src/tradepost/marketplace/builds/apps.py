from django.apps import AppConfig


class BuildsConfig(AppConfig):
    name = "tradepost.marketplace.builds"
    label = "builds"
    default_auto_field = "django.db.models.BigAutoField"
