from django.apps import AppConfig


class EmbeddingConfig(AppConfig):
    name = "tradepost.host.embedding"
    label = "embedding"
    default_auto_field = "django.db.models.BigAutoField"
