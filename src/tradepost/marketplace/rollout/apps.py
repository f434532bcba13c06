from django.apps import AppConfig


class RolloutConfig(AppConfig):
    name = "tradepost.marketplace.rollout"
    label = "rollout"
    default_auto_field = "django.db.models.BigAutoField"
