from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "tradepost.foundation"
    label = "foundation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the foundation's background work known, and let this process call out by the rules of its operator."""
        from . import (
            mail,  # noqa: F401
            outgoing,
            work,  # noqa: F401
        )
        from .configuration import configuration

        rules = outgoing.AddressRules(
            development=configuration.development, allowed_networks=configuration.allowed_networks
        )
        outgoing.install_client(outgoing.GuardedClient(rules))
