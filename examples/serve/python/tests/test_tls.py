"""Servers on the network: encrypted, and with a secret."""

import json
import ssl
import subprocess

import pytest
from conftest import DATASETS, digests, servers

from stoker import Loader, LoaderError, ServerError


@pytest.fixture
def certificate(tmp_path):
    """A certificate of localhost, by Go's own generator."""
    root = subprocess.check_output(["go", "env", "GOROOT"], text=True).strip()
    generate = ["go", "run", f"{root}/src/crypto/tls/generate_cert.go", "--ecdsa-curve", "P256", "--host", "localhost", "--ca"]
    subprocess.run(generate, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem"


def test_tls_and_token(binary, server, certificate, tmp_path, monkeypatch):
    (tmp_path / "token").write_text("secret\n")
    config = {"Datasets": DATASETS, "TokenFile": "token", "CertFile": "cert.pem", "KeyFile": "key.pem"}
    (tmp_path / "serve.json").write_text(json.dumps(config))
    trust = ssl.create_default_context(cafile=certificate)
    with servers([str(binary), "-config", str(tmp_path / "serve.json")], tmp_path) as start:
        plain = start("tcp").address.replace("127.0.0.1", "localhost")
        address = plain.replace("tcp", "tls")
        options = dict(dataset="shapes", timeout=5)
        with Loader(address, token="secret", tls=trust, **options) as loader:
            assert digests(loader) == digests(server.loader())
        monkeypatch.setenv("STOKER_TOKEN", "secret")
        assert len(Loader(address, tls=trust, **options)) == 50
        for token in ("", "wrong"):
            with pytest.raises(ServerError, match="unauthenticated"):
                len(Loader(address, token=token, tls=trust, **options))
        with pytest.raises(LoaderError, match="not who it should be"):
            len(Loader(address, token="secret", **options))
        with pytest.raises(LoaderError):  # it speaks, but not TLS
            len(Loader(plain, token="secret", dataset="shapes", timeout=0.5))
