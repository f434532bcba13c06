from django.apps import AppConfig


class MarketlinkConfig(AppConfig):
    name = "tradepost.host.marketlink"
    label = "marketlink"
    default_auto_field = "django.db.models.BigAutoField"
