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


def test_settings_survive_the_way_through_an_environment() -> None:
    settings = Settings.from_environment({**_ENOUGH, "AGENT_ACTOR_CPUS": "0.25", "NATS_URL": "tls://nats:4222"})

    assert Settings.from_environment(settings.to_environment()) == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL", ""),
        ("ORCHESTRATOR_LISTEN", "50055"),
        ("NATS_URL", "nats:4222"),
        ("REDIS_URL", "http://redis"),
        ("VLLM_URL", "http://vllm:8000"),
        ("ORCHESTRATOR_LOG_LEVEL", "LOUD"),
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


def test_everything_wrong_is_said_in_one_line() -> None:
    with pytest.raises(InvalidSettings) as raised:
        Settings.from_environment({"AGENT_ACTORS": "x", "VLLM_URL": "y"})

    message = str(raised.value)
    assert all(name in message for name in ("MODEL", "AGENT_ACTORS", "VLLM_URL"))
    assert "\n" not in message


def test_every_setting_is_described() -> None:
    assert all(name and help_ for name, _, help_ in describe())
