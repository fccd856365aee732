"""TLS from files, which may be replaced while the server runs."""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

_log = logging.getLogger(__name__)


class UnusableCertificate(ValueError):
    """Files that are no certificate with its key."""


@dataclass(frozen=True)
class TlsFiles:
    """PEM files: the server's certificate chain and its key.

    With `client_ca`, only clients with a certificate of that CA can connect.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Credentials that follow the files: each new connection is made with what they hold then.

    Raises UnusableCertificate. Files that cannot be used later, such as while they are being replaced, change nothing.
    """
    certificates = _Certificates(files)
    changed: Any = certificates.changed  # The stubs don't know that None is for no change.
    return grpc.dynamic_ssl_server_credentials(
        certificates.first, changed, require_client_authentication=files.client_ca is not None
    )


class _Certificates:
    """What the files hold."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._last = self._read()
        self.first = _configuration(self._last)

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """What to use from now on; None for what is in use."""
        try:
            contents = self._read()
        except UnusableCertificate as error:
            _log.warning("went on with the certificate that was there: %s", error)
            return None
        if contents == self._last:
            return None
        self._last = contents
        _log.info("took up a new certificate")
        return _configuration(contents)

    def _read(self) -> tuple[bytes, ...]:
        """Certificate, key, and the clients' CA where there is one."""
        files = self._files
        paths = [files.certificate, files.key, *([files.client_ca] if files.client_ca else [])]
        try:
            # gRPC would take any bytes, and then fail every handshake without a word.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(files.certificate, files.key, password=_no_password)
            if files.client_ca:
                context.load_verify_locations(files.client_ca)
            return tuple(path.read_bytes() for path in paths)
        except (OSError, ValueError) as error:
            raise UnusableCertificate(f"{', '.join(map(str, paths))}: {error}") from error


def _configuration(contents: tuple[bytes, ...]) -> grpc.ServerCertificateConfiguration:
    certificate, key, *client_ca = contents
    return grpc.ssl_server_certificate_configuration([(key, certificate)], *client_ca)


def _no_password() -> str:
    raise ValueError("a key with a passphrase cannot be used")
