"""TLS with certificates that a CA of the test signs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from orchestrator.adapters.grpc.credentials import TlsFiles
from orchestrator.adapters.grpc.server import GrpcServer, ServerCannotListen, ServerPolicy
from orchestrator.adapters.grpc.service import OrchestratorService
from orchestrator.testing.calls import failure
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

_ASK = pb.GetDeliberationResultRequest(task_id="none")


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(ca: trustme.CA, tmp_path: Path) -> TlsFiles:
    files = TlsFiles(tmp_path / "server.pem", tmp_path / "server.key")
    _write(ca.issue_cert("localhost"), files)
    return files


def _write(certificate: trustme.LeafCert, files: TlsFiles) -> None:
    files.key.write_bytes(certificate.private_key_pem.bytes())
    files.certificate.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))


@asynccontextmanager
async def _serving(service: OrchestratorService, files: TlsFiles) -> AsyncIterator[GrpcServer]:
    server = GrpcServer(service, "127.0.0.1:0", ServerPolicy(tls=files))
    await server.start()
    try:
        yield server
    finally:
        await server.stop(0)


async def _answer(server: GrpcServer, credentials: grpc.ChannelCredentials | None) -> grpc.StatusCode:
    """NOT_FOUND if the server was reached, UNAVAILABLE if no connection came about."""
    address = f"localhost:{server.port}"
    # Without its own pool of subchannels, a channel would take up the connection of an earlier one.
    options = [("grpc.use_local_subchannel_pool", 1)]
    make: Any = grpc.aio.secure_channel if credentials else grpc.aio.insecure_channel
    arguments = (address, credentials) if credentials else (address,)
    async with make(*arguments, options=options) as channel:
        stub: Any = pb_grpc.OrchestratorServiceStub(channel)
        return (await failure(stub.GetDeliberationResult(_ASK, timeout=10))).code()


def _trusting(ca: trustme.CA, client: trustme.LeafCert | None = None) -> grpc.ChannelCredentials:
    if client is None:
        return grpc.ssl_channel_credentials(ca.cert_pem.bytes())
    key, chain = client.private_key_pem.bytes(), client.cert_chain_pems[0].bytes()
    return grpc.ssl_channel_credentials(ca.cert_pem.bytes(), key, chain)


async def test_who_trusts_the_ca_is_served_and_others_are_not(
    service: OrchestratorService, files: TlsFiles, ca: trustme.CA
) -> None:
    async with _serving(service, files) as server:
        assert await _answer(server, _trusting(ca)) is grpc.StatusCode.NOT_FOUND
        assert await _answer(server, _trusting(trustme.CA())) is grpc.StatusCode.UNAVAILABLE
        assert await _answer(server, None) is grpc.StatusCode.UNAVAILABLE


async def test_with_a_ca_for_clients_they_need_a_certificate_of_it(
    service: OrchestratorService, files: TlsFiles, ca: trustme.CA, tmp_path: Path
) -> None:
    clients, strangers = trustme.CA(), trustme.CA()
    client_ca = tmp_path / "clients.pem"
    clients.cert_pem.write_to_path(str(client_ca))

    async with _serving(service, TlsFiles(files.certificate, files.key, client_ca)) as server:
        known, unknown = clients.issue_cert("a@b.example"), strangers.issue_cert("a@b.example")
        assert await _answer(server, _trusting(ca, known)) is grpc.StatusCode.NOT_FOUND
        assert await _answer(server, _trusting(ca, unknown)) is grpc.StatusCode.UNAVAILABLE
        assert await _answer(server, _trusting(ca)) is grpc.StatusCode.UNAVAILABLE


async def test_a_replaced_certificate_is_taken_up_while_it_serves(
    service: OrchestratorService, files: TlsFiles, ca: trustme.CA
) -> None:
    successor = trustme.CA()
    async with _serving(service, files) as server:
        assert await _answer(server, _trusting(ca)) is grpc.StatusCode.NOT_FOUND

        files.certificate.write_text("half of a certif")
        assert await _answer(server, _trusting(ca)) is grpc.StatusCode.NOT_FOUND

        _write(successor.issue_cert("localhost"), files)
        assert await _answer(server, _trusting(successor)) is grpc.StatusCode.NOT_FOUND
        assert await _answer(server, _trusting(ca)) is grpc.StatusCode.UNAVAILABLE


def _nothing(files: TlsFiles) -> None:
    files.certificate.unlink()


def _garbage(files: TlsFiles) -> None:
    files.certificate.write_text("garbage")


def _key_of_another(files: TlsFiles) -> None:
    files.key.write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())


@pytest.mark.parametrize("spoil", [_nothing, _garbage, _key_of_another])
async def test_a_certificate_that_cannot_be_used_keeps_it_from_starting(
    service: OrchestratorService, files: TlsFiles, spoil: Any
) -> None:
    spoil(files)

    with pytest.raises(ServerCannotListen, match="server"):
        GrpcServer(service, "127.0.0.1:0", ServerPolicy(tls=files))
