"""The one way in which a place can fail to give a document."""


class UnreadableError(Exception):
    """The bytes cannot be had at all; the message says why."""
