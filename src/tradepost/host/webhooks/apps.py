from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "tradepost.host.webhooks"
    label = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear of every change in the product, in its transaction."""
        from tradepost.foundation import partitions
        from tradepost.host.product import changes

        from .commands import queue_change
        from .models import Delivery

        changes.listen(queue_change)
        partitions.register(Delivery)
