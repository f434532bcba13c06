from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "tradepost.marketplace.tokens"
    label = "tokens"
    default_auto_field = "django.db.models.BigAutoField"
