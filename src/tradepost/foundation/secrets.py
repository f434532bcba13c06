"""Secrets at rest: API tokens are kept as hashes, shared secrets and credentials encrypted.

The first key of TRADEPOST_SECRET_KEY_FILE encrypts, every key decrypts: put a new key first to rotate.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from .configuration import configuration


class UnreadableSecretError(Exception):
    """A secret was encrypted with a key that is no longer in the key file."""


def seal(secret: str) -> str:
    """Return `secret` encrypted for the database."""
    return _box().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the secret in `sealed`. Raises UnreadableSecretError when its key is gone."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise UnreadableSecretError("a stored secret cannot be read: is its key still in the key file?") from error


def hash_token(token: str) -> str:
    """Return the hash under which a random token is kept. One SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def same_secret(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_fernet_key(key)) for key in configuration.secret_keys])


def _fernet_key(text: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"tradepost seal" + text.encode()).digest())
