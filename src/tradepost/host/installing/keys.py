"""The host service's RSA keys, which sign lifecycle calls and whose public halves apps fetch by their id."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection, transaction

from tradepost.core.errors import ForbiddenError
from tradepost.foundation.audit import record
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.secrets import seal, unseal

from .models import SigningKey

BITS = 2048
_LOCK = 7_205_759
"""An advisory lock's number: two workers that need the first key at once make one."""


@lru_cache(maxsize=4)
def _private_key(kid: str) -> rsa.RSAPrivateKey:
    sealed = SigningKey.objects.values_list("sealed_private_pem", flat=True).get(kid=kid)
    # Whether the number is prime was known when we made it, and its seal says that it is the one we made: to check it
    # again would take as long as making it.
    key = serialization.load_pem_private_key(
        unseal(sealed).encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def new_private_key() -> rsa.RSAPrivateKey:
    """A key that nobody else has. Takes some hundredths of a second up to a few tenths."""
    return rsa.generate_private_key(public_exponent=65537, key_size=BITS)


@dataclass(frozen=True, slots=True)
class SigningPair:
    """The key that signs now, and the id under which apps find its public half."""

    kid: str
    private: rsa.RSAPrivateKey = field(repr=False)


def current_key() -> SigningPair:
    """The key that signs now; the first is made when it is needed."""
    kid = _current_kid()
    if kid is None:
        with transaction.atomic():
            _only_one_at_a_time()
            kid = _current_kid() or _make_key().kid
    return SigningPair(kid, _private_key(kid))


def find_public_pem(kid: str) -> str | None:
    """The public half (SPKI, PEM) of a key, retired ones included; None for an unknown id."""
    return SigningKey.objects.filter(kid=kid).values_list("public_pem", flat=True).first()


@transaction.atomic
def rotate_key(*, by: Caller, now: datetime) -> SigningKey:
    """Sign with a new key from now on. The old public key stays readable for calls that are on their way."""
    if not by.is_operator:
        raise ForbiddenError("Only an operator may change the signing key.")
    _only_one_at_a_time()
    SigningKey.objects.filter(retired_at=None).update(retired_at=machine_now())
    key = _make_key()
    record("key.rotated", service="host", actor=by.actor, subject=("signing key", key.kid), now=now)
    return key


def _current_kid() -> str | None:
    newest_first = SigningKey.objects.filter(retired_at=None).order_by("-created_at")
    return newest_first.values_list("kid", flat=True).first()


def _make_key() -> SigningKey:
    private = new_private_key()
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return SigningKey.objects.create(
        kid=str(new_id()),
        public_pem=public_pem.decode(),
        sealed_private_pem=seal(private_pem.decode()),
        created_at=machine_now(),
    )


def _only_one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
