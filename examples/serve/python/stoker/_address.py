"""Where servers are, and how they are reached."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import subprocess
import tempfile
from typing import IO, List, Optional, Sequence, Union
from urllib.parse import urlsplit

from .errors import LoaderError



class Endpoint:
    """A server that can be connected to; str() names it in errors."""

    private = True  # nobody else can listen
    patient = True  # it may not be there yet, and come

    def connect(self, timeout: float) -> socket.socket:
        """Return a new connection."""
        raise NotImplementedError

    def close(self) -> None:
        """Free what connect has made beside the connection."""

    def report(self) -> str:
        """Return what became of the server and the end of its log, if that is known."""
        return ""


class Unix(Endpoint):
    """A Unix socket."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __str__(self) -> str:
        return self._path

    def connect(self, timeout: float) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        return _connected(sock, self._path, timeout)


class TCP(Endpoint):
    """A host and port, with TLS or without."""

    def __init__(self, host: str, port: int, tls: Optional[ssl.SSLContext]) -> None:
        self._host, self._port, self._tls = host, port, tls
        self.private = tls is not None or _loopback(host)

    def __str__(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'tls' if self._tls else 'tcp'}://{host}:{self._port}"

    def connect(self, timeout: float) -> socket.socket:
        sock = socket.create_connection((self._host, self._port), timeout)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._tls.wrap_socket(sock, server_hostname=self._host) if self._tls else sock
        except ssl.SSLCertVerificationError as e:
            sock.close()
            raise LoaderError(f"the server is not who it should be: {e}") from e
        except BaseException:
            sock.close()
            raise


class Spawned(Endpoint):
    """A server that is started for each connection, with a socket as its input.

    It ends when the other end of that socket is closed, which the kernel does
    however this process dies.
    """

    patient = False

    _PATIENCE = 1.0  # seconds for a server to end by itself

    def __init__(self, command: Sequence[str]) -> None:
        self._command = [os.fspath(word) for word in command]
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._log: Optional[IO[bytes]] = None
        self._report = ""

    def __str__(self) -> str:
        return f"spawned {self._command[0]}"

    def connect(self, timeout: float) -> socket.socket:
        self.close()
        ours, theirs = socket.socketpair()
        with theirs:
            self._log = tempfile.TemporaryFile()
            try:
                # In a session of its own it does not get the Ctrl-C that is meant for
                # the trainer, who may want to save its state first.
                self._process = subprocess.Popen(
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=self._log,
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                self._log.close()
                raise
        return ours

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            try:
                process.wait(self._PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        log, self._log = self._log, None
        if process is not None and log is not None:
            with log:
                self._report = f"the server ended with status {process.returncode}"
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - 2000))
                lines = log.read().decode("utf-8", "replace").splitlines()[-10:]
            if lines:
                self._report = "\n".join([f"{self._report} and this log:", *lines])

    def report(self) -> str:
        return self._report


Address = Union[None, str, "os.PathLike[str]", Endpoint, Sequence[Union[str, "os.PathLike[str]"]]]


def parse(address: Address, tls: Optional[ssl.SSLContext]) -> List[Endpoint]:
    """Return the servers that address names."""
    if isinstance(address, Endpoint):
        return [address]
    if address is None:
        # Where a server listens that was not told where.
        own = os.environ.get("XDG_RUNTIME_DIR") or os.path.join(tempfile.gettempdir(), f"stoker-{os.getuid()}")
        return [Unix(os.path.join(own, "stoker", "serve.sock"))]
    if isinstance(address, (str, os.PathLike)):
        address = [part.strip() for part in os.fspath(address).split(",")]
    endpoints = [_endpoint(os.fspath(part), tls) for part in address]
    if not endpoints:
        raise ValueError("no address of a server")
    return endpoints


def _endpoint(text: str, tls: Optional[ssl.SSLContext]) -> Endpoint:
    scheme, sep, rest = text.partition("://")
    if not sep and not text.startswith("unix:"):
        scheme = "unix" if "/" in text or os.sep in text else "tcp"
        rest = text
    if text.startswith("unix:"):
        scheme, rest = "unix", text[len("unix://" if sep else "unix:") :]
    if scheme == "unix" and rest:
        return Unix(rest)
    if scheme in ("tcp", "tls"):
        parts = urlsplit(f"//{rest}")
        if parts.hostname and parts.port:
            if scheme == "tls" and tls is None:
                tls = ssl.create_default_context()
            return TCP(parts.hostname, parts.port, tls if scheme == "tls" else None)
    raise ValueError(f"{text!r} is no address: /path/of.sock, tcp://host:port or tls://host:port")


def _connected(sock: socket.socket, address: str, timeout: float) -> socket.socket:
    try:
        sock.settimeout(timeout)
        sock.connect(address)
        return sock
    except BaseException:
        sock.close()
        raise


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
