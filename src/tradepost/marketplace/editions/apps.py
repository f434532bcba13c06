from django.apps import AppConfig


class EditionsConfig(AppConfig):
    name = "tradepost.marketplace.editions"
    label = "editions"
    default_auto_field = "django.db.models.BigAutoField"
