"""Settings from the environment."""

import pytest

from orchestrator.settings import InvalidSettings, Settings, describe

_ENOUGH = {"MODEL": "tiny"}


def test_the_model_is_all_that_must_be_set() -> None:
    settings = Settings.from_environment(_ENOUGH)

    assert settings.model == "tiny"
    assert settings.listen == "127.0.0.1:50055"
    assert settings.agent_actor_cpus == 0.1


def test_an_empty_value_is_the_default() -> None:
    assert Settings.from_environment({**_ENOUGH, "AGENT_ACTORS": " "}).agent_actors == 2


def test_agents_are_given_what_they_use_and_no_more() -> None:
    given = {**_ENOUGH, "AGENT_ACTOR_CPUS": "0.25", "NATS_URL": "tls://nats:4222"}
    settings = Settings.from_environment(given)

    assert Settings.of_agent(settings.agent_environment()) == settings
    another = Settings.from_environment({**given, "ORCHESTRATOR_LISTEN": "127.0.0.1:1", "ORCHESTRATOR_MAX_OPEN": "7"})
    assert another.agent_environment() == settings.agent_environment()


def test_settings_that_agents_do_not_use_cannot_contradict_those_they_do() -> None:
    short = {"ORCHESTRATOR_RESULT_TTL_SECONDS": "60", "ORCHESTRATOR_MAX_TIMEOUT_SECONDS": "60"}
    settings = Settings.from_environment({**_ENOUGH, **short, "ORCHESTRATOR_TIMEOUT_SECONDS": "60"})

    assert Settings.of_agent(settings.agent_environment()).result_ttl_s == 60


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL", ""),
        ("ORCHESTRATOR_LISTEN", "50055"),
        ("ORCHESTRATOR_LISTEN", "0.0.0.0:50055"),
        ("ORCHESTRATOR_LISTEN", "[::]:50055"),
        ("ORCHESTRATOR_LISTEN", "127.0.0.1.example.org:50055"),
        ("ORCHESTRATOR_TOKEN_FILE", "relative/token"),
        ("ORCHESTRATOR_TLS_CERT_FILE", "/certificate.pem"),
        ("ORCHESTRATOR_TLS_KEY_FILE", "/key.pem"),
        ("ORCHESTRATOR_TLS_CLIENT_CA_FILE", "/ca.pem"),
        ("ORCHESTRATOR_INSECURE", "yes"),
        ("NATS_URL", "nats:4222"),
        ("REDIS_URL", "http://redis"),
        ("VLLM_URL", "http://vllm:8000"),
        ("ORCHESTRATOR_LOG_LEVEL", "LOUD"),
        ("NATS_USER", "without a password"),
        ("NATS_PASSWORD_FILE", "/run/secrets/without-a-user"),
        ("REDIS_USERNAME", "without-a-password"),
        ("REDIS_PASSWORD_FILE", "not/absolute"),
        ("ORCHESTRATOR_AGENT_ENDPOINTS", "models:9000"),
        ("ORCHESTRATOR_AGENT_ENDPOINTS", "http://a/v1,ftp://b"),
        ("ORCHESTRATOR_AGENT_ENDPOINTS", "http://user:word@models/v1"),
        ("ORCHESTRATOR_TOKEN_BUDGET", "-1"),
        ("AGENT_ACTORS", "many"),
        ("AGENT_ACTORS", "0"),
        ("AGENT_ACTORS", "1.5"),
        ("AGENT_ACTOR_CPUS", "0"),
        ("AGENT_ACTOR_CPUS", "nan"),
        ("ORCHESTRATOR_TIMEOUT_SECONDS", "4000"),
        ("ORCHESTRATOR_RESULT_TTL_SECONDS", "10"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidSettings, match=name):
        Settings.from_environment({**_ENOUGH, name: value})


_TLS = {"ORCHESTRATOR_TLS_CERT_FILE": "/certificate.pem", "ORCHESTRATOR_TLS_KEY_FILE": "/key.pem"}
_TOKEN = {"ORCHESTRATOR_TOKEN_FILE": "/token"}


@pytest.mark.parametrize(
    "safety",
    [
        pytest.param(_TLS | _TOKEN, id="TLS and tokens"),
        pytest.param(_TLS | {"ORCHESTRATOR_TLS_CLIENT_CA_FILE": "/ca.pem"}, id="TLS of both sides"),
        pytest.param({"ORCHESTRATOR_INSECURE": "1"}, id="told so"),
    ],
)
def test_beyond_loopback_it_listens_when_that_is_safe_or_wanted(safety: dict[str, str]) -> None:
    settings = Settings.from_environment({**_ENOUGH, "ORCHESTRATOR_LISTEN": "0.0.0.0:50055", **safety})

    assert settings.listen == "0.0.0.0:50055"


@pytest.mark.parametrize("half", [pytest.param(_TLS, id="anybody"), pytest.param(_TOKEN, id="a token in the clear")])
def test_half_of_it_is_not_safe(half: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings, match="ORCHESTRATOR_INSECURE"):
        Settings.from_environment({**_ENOUGH, "ORCHESTRATOR_LISTEN": "0.0.0.0:50055", **half})


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.8.8.8:1", "localhost:1", "[::1]:1"])
def test_on_loopback_nothing_is_asked_for(listen: str) -> None:
    assert Settings.from_environment({**_ENOUGH, "ORCHESTRATOR_LISTEN": listen}).listen == listen


@pytest.mark.parametrize("name", ["NATS_URL", "REDIS_URL", "VLLM_URL", "RAY_JOBS_URL"])
def test_a_password_in_a_url_is_refused_and_not_repeated(name: str) -> None:
    default = next(default for env, default, _ in describe() if env == name)

    with pytest.raises(InvalidSettings, match=name) as raised:
        Settings.from_environment({**_ENOUGH, name: default.replace("://", "://user:s3cret@")})

    assert "s3cret" not in str(raised.value)


def test_agents_are_given_the_place_of_a_password_only() -> None:
    login = {"NATS_USER": "agents", "NATS_PASSWORD_FILE": "/run/secrets/nats-password"}
    environment = Settings.from_environment({**_ENOUGH, **login}).agent_environment()

    assert environment["NATS_PASSWORD_FILE"] == "/run/secrets/nats-password"


def test_everything_wrong_is_said_in_one_line() -> None:
    with pytest.raises(InvalidSettings) as raised:
        Settings.from_environment({"AGENT_ACTORS": "x", "VLLM_URL": "y"})

    message = str(raised.value)
    assert all(name in message for name in ("MODEL", "AGENT_ACTORS", "VLLM_URL"))
    assert "\n" not in message


def test_every_setting_is_described() -> None:
    assert all(name and help_ for name, _, help_ in describe())


@pytest.mark.parametrize(
    ("given", "prefixes"),
    [
        ("", ()),
        ("http://models:9000/v1", ("http://models:9000/v1",)),
        ("http://a/v1 , https://b", ("http://a/v1", "https://b")),
    ],
)
def test_endpoints_are_a_list_of_prefixes(given: str, prefixes: tuple[str, ...]) -> None:
    assert Settings.from_environment({**_ENOUGH, "ORCHESTRATOR_AGENT_ENDPOINTS": given}).endpoints == prefixes
