"""What can go wrong. All errors say which server, rank, epoch and batch."""

from __future__ import annotations


class LoaderError(RuntimeError):
    """The base of all errors of this package.

    ``fatal`` says that the same again will not do better.
    """

    fatal = True


class ConnectionLost(LoaderError):
    """No server answered for as long as the loader was to try.

    The position is what it was: the next ``next()`` tries again.
    """

    fatal = False


class ServerError(LoaderError):
    """The server refused the request, or its data set failed.

    ``code`` is one of the protocol's, such as ``"dataset_changed"``.
    """

    def __init__(self, message: str, code: str = "", fatal: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.fatal = fatal


class ProtocolError(LoaderError):
    """The other side does not speak LDR/1, or bytes were damaged on the way."""
