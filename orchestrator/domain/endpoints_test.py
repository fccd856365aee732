"""Which addresses an agent may be reached at."""

import pytest

from orchestrator.domain.endpoints import MAX_ENDPOINT, endpoint_fault

_ALLOWED = ("http://models:9000/v1", "https://api.example", "http://slash:1/v1/", "http://X:80/X")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://models:9000/v1",
        "http://models:9000/v1/",
        "http://MODELS:9000/v1/big",
        "https://api.example/v1",
        "https://api.example:443/anything",
        "https://api.example",
        "http://slash:1/v1",
        "http://slash:1/v1/x",
        "http://x/X",
        "http://models:9000/v1/" + "x" * (MAX_ENDPOINT - len("http://models:9000/v1/")),
    ],
)
def test_what_is_under_an_allowed_address_is_taken(endpoint: str) -> None:
    assert endpoint_fault(endpoint, _ALLOWED) == ""


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://models:9000/v10",
        "http://models:9000/",
        "http://models:90/v1",
        "http://models/v1",
        "https://models:9000/v1",
        "https://api.example.evil.test/v1",
        "https://api.example@evil.test/v1",
        "https://evil.test/https://api.example/v1",
        "https://user:word@api.example/v1",
        "http://models:9000/v1/../admin",
        "http://models:9000/v1/%2e%2e/admin",
        "http://models:9000/v1/./x",
        "http://models:9000/v1?x=1",
        "http://models:9000/v1#x",
        "http://models:9000\\@evil.test/v1",
        "http://models:9000/v1\nHost: evil.test",
        "http://models:99999/v1",
        "http://models:x/v1",
        "http://models:0/v1",
        "http://[::1/v1",
        "http:///v1",
        "file:///etc/passwd",
        "ftp://models:9000/v1",
        "models:9000/v1",
        "http://modéls:9000/v1",
        " http://models:9000/v1",
        "http://models:9000/v1/" + "x" * (MAX_ENDPOINT + 1 - len("http://models:9000/v1/")),
        "http://slash:1/v",
        "http://x/",
    ],
)
def test_anything_else_is_refused(endpoint: str) -> None:
    assert endpoint_fault(endpoint, _ALLOWED)


def test_nothing_is_taken_where_nothing_is_allowed() -> None:
    assert "ORCHESTRATOR_AGENT_ENDPOINTS" in endpoint_fault("http://models:9000/v1", ())
