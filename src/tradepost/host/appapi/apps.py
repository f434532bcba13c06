from django.apps import AppConfig


class AppapiConfig(AppConfig):
    name = "tradepost.host.appapi"
    label = "appapi"
    default_auto_field = "django.db.models.BigAutoField"
