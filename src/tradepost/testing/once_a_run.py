"""What thousands of tests need alike and no test is about: made once a run, and not once a test.

Each of these stands in for nothing: the product's own code makes what is kept, in every run anew.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db.models import Model
from whitenoise.middleware import WhiteNoiseMiddleware

from tradepost.host.installing import keys

SIGNING_KEYS = 8
"""So many that no test gets one of its own keys twice: each makes two or three at most."""


@contextmanager
def signing_keys() -> Iterator[None]:
    """Deal the same few RSA keys out again and again. Their ids, by which they are told apart, stay new each time."""
    real = keys.new_private_key
    ring: Iterator[RSAPrivateKey] = cycle(real() for _ in range(SIGNING_KEYS))
    one_at_a_time = Lock()

    def new_private_key() -> RSAPrivateKey:
        with one_at_a_time:
            return next(ring)

    keys.new_private_key = new_private_key
    try:
        yield
    finally:
        keys.new_private_key = real


@contextmanager
def static_files() -> Iterator[None]:
    """List the folders of static files once: every test client has middleware of its own, which would list them."""
    real = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, object] = {}

    def add_files(self: WhiteNoiseMiddleware) -> None:
        if not found:
            real(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = add_files
    try:
        yield
    finally:
        WhiteNoiseMiddleware.add_files_from_finders = real


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Hash passwords with the same function in fewer rounds: nobody guesses those of tests."""
    real = PBKDF2PasswordHasher.iterations
    PBKDF2PasswordHasher.iterations = 1000
    try:
        yield
    finally:
        PBKDF2PasswordHasher.iterations = real


@contextmanager
def kinds_of_rows() -> Iterator[None]:
    """Put Django's own tables back by two statements after a test has emptied the database, as they were before.

    Django finds out anew which models and permissions there are, which takes longer than most such tests.
    """
    real = flush.emit_post_migrate_signal
    kept: list[list[Model]] = []

    def put_back(verbosity: int, interactive: bool, database: str) -> None:  # noqa: FBT001  Django calls it so
        if not kept:
            real(verbosity, interactive, database)
            kept.extend([list(ContentType.objects.order_by("pk")), list(Permission.objects.order_by("pk"))])
            return
        for rows in kept:
            type(rows[0])._default_manager.bulk_create(rows)  # noqa: SLF001  Django's public name for it

    flush.emit_post_migrate_signal = put_back
    try:
        yield
    finally:
        flush.emit_post_migrate_signal = real


def collect_seldom() -> None:
    """Let Python look for rings of garbage after 50,000 new objects and not after 700, and never in what is loaded.

    A short-lived program that builds many queries has few rings and much memory: looking takes a fifteenth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)
