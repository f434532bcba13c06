"""The back office: people are made and closed here; everything whose state has commands is only shown."""

from typing import Any

from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from tradepost.core.errors import ForbiddenError
from tradepost.foundation import audit
from tradepost.foundation.callers import caller_of, service_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.models import ApiToken, OutgoingMail, User


class BackOffice(UnfoldAdminSite):
    site_title = site_header = index_title = "Back office"

    def has_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)


class Shown(ModelAdmin):
    """Rows that operators look at and that only commands change."""

    actions = None
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return _is_operator(request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False


class People(Shown):
    """New people get no password here: they set one by "Forgotten your password?"."""

    list_display = ("email", "name", "is_operator", "is_active", "last_login")
    search_fields = ("email", "name")
    list_filter = ("is_operator", "is_active")
    fields = ("email", "name", "is_operator", "is_active", "last_login")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return _is_operator(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """An address is an identity in the audit log; and nobody locks themselves out."""
        if obj is None:
            return ("last_login",)
        is_self = obj.pk == request.user.pk
        return ("email", "last_login", *(("is_operator", "is_active") if is_self else ()))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save in the admin's transaction, with the audit row."""
        by = caller_of(request)
        if not by.is_operator:
            raise ForbiddenError("Only operators change people.")
        if not change:
            obj.email = obj.email.lower()
            obj.set_unusable_password()
        obj.save()
        changed = {name: form.cleaned_data[name] for name in form.changed_data if name != "email"}
        audit.record(
            "user.changed" if change else "user.made",
            service=service_of(request),
            actor=by.actor,
            subject=("user", obj.pk),
            now=domain_now(),
            email=obj.email,
            **changed,
        )


class Tokens(Shown):
    list_display = ("name", "user", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at")
    search_fields = ("user__email", "name", "prefix")
    fields = ("user", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")


class Mails(Shown):
    """Without their texts: these can hold links that open an account."""

    list_display = ("subject", "to", "service", "decided_at", "attempts", "sent_at", "given_up_at")
    search_fields = ("to", "subject")
    fields = ("service", "to", "subject", "decided_at", "due_at", "attempts", "last_error", "sent_at", "given_up_at")


class Roles(Shown):
    list_display = ("__str__", "user", "role")
    search_fields = ("user__email",)


def make_back_office() -> BackOffice:
    """Return the back office with the people, and the roles of the domains this process has."""
    office = BackOffice(name="admin")
    office.register(User, People)
    office.register(ApiToken, Tokens)
    office.register(OutgoingMail, Mails)
    for label, model in (("catalog", "Membership"), ("sites", "Member")):
        if apps.is_installed(_app_name(label)):
            office.register(apps.get_model(label, model), Roles)
    return office


def _app_name(label: str) -> str:
    return next((config.name for config in apps.get_app_configs() if config.label == label), label)


def _is_operator(request: HttpRequest) -> bool:
    user = request.user
    return bool(user.is_authenticated and user.is_active and getattr(user, "is_operator", False))


office = make_back_office()
