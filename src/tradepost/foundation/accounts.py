"""People signing in. allauth brings the forms, the limits on guessing and the reset of passwords."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as request_context
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from tradepost.core.errors import NotFoundError

from . import audit
from .callers import find_caller, service_of
from .clock import domain_now, new_id
from .mail import send_later
from .models import User
from .work import ACCOUNT_MAIL


class Accounts(DefaultAccountAdapter):
    """Accounts are made by operators and owners, not by strangers; their mails go the way of all mails."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  allauth's signature
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Decide on the mail in a transaction, so that a mail server that is down costs nobody an error page."""
        request = request_context.request
        service = service_of(request)
        message = self.render_mail(template_prefix, email, {"request": request, "email": email, **context})
        with transaction.atomic():
            send_later(
                service=service,
                to=email,
                subject=message.subject,
                text=message.body,
                dedupe_key=f"{ACCOUNT_MAIL}{new_id()}",
                now=domain_now(),
            )

    def set_password(self, user: User, password: str) -> None:
        """Every way to set a password (change, reset) comes through here, and leaves an audit row."""
        with transaction.atomic():
            super().set_password(user, password)
            audit.record(
                "user.password_set",
                service=service_of(request_context.request),
                actor=user.email,
                subject=("user", user.pk),
                now=domain_now(),
            )


def no_such_page(request: HttpRequest) -> HttpResponse:
    """For pages of allauth that we do not offer: an e-mail address is changed by an operator."""
    raise NotFoundError("page", request.path)


def back_office_sign_in(request: HttpRequest) -> HttpResponse:
    """The back office has no sign-in of its own; for people who are signed in and no operators there is none."""
    if find_caller(request) is not None:
        raise NotFoundError("page", request.path)
    return redirect_to_login(request.GET.get("next") or "/back-office/")
