"""Settings, from the environment. Each is documented where it is declared, and `--help` prints them all."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class InvalidSettings(ValueError):
    """Settings that cannot be used; one line says all that is wrong."""


def _setting(env: str, default: Any, help_: str, pattern: str = "", low: float = 1, high: float = 1e9) -> Any:
    """Declares a setting. Text must match `pattern`; a number must lie from `low` to `high`."""
    meta = {"env": env, "help": help_, "pattern": pattern, "low": low, "high": high, "agents": False}
    return field(default=default, metadata=meta)


def _shared(env: str, default: Any, help_: str, pattern: str = "", low: float = 1, high: float = 1e9) -> Any:
    """Declares a setting that the agents use, too. To change it is to replace the agents' job."""
    meta = {"env": env, "help": help_, "pattern": pattern, "low": low, "high": high, "agents": True}
    return field(default=default, metadata=meta)


# What is before the @ of a URL. Environments are shown in many places; passwords come from files.
_HAS_LOGIN = re.compile(r"://[^/?#\s]*@")
_ADDRESS = r"\S+:\d{1,5}"
_HTTP = r"https?://\S+"
_MAYBE_ADDRESS = rf"({_ADDRESS})?"
_TRACES = r"(file:/[^\0]*|https?://\S+)?"
_FILE = r"(/[^\0]+)?"
_LOOPBACK = r"(127\.\d+\.\d+\.\d+|\[::1\]|localhost):\d+"
# What could never be the start of an agent's endpoint is a mistake.
_PREFIX = r"https?://[^\s,@?#%\\]+"
_PREFIXES = rf"({_PREFIX}(\s*,\s*{_PREFIX})*)?"


@dataclass(frozen=True)
class Settings:
    """Everything that can be set. Times are in seconds."""

    listen: str = _setting("ORCHESTRATOR_LISTEN", "127.0.0.1:50055", "address of the gRPC server", _ADDRESS)
    token_file: str = _setting("ORCHESTRATOR_TOKEN_FILE", "", "bearer tokens that callers need, one a line", _FILE)
    tls_cert_file: str = _setting("ORCHESTRATOR_TLS_CERT_FILE", "", "PEM: the server's certificate chain", _FILE)
    tls_key_file: str = _setting("ORCHESTRATOR_TLS_KEY_FILE", "", "PEM: its key", _FILE)
    tls_client_ca_file: str = _setting("ORCHESTRATOR_TLS_CLIENT_CA_FILE", "", "PEM: the CA of clients (mTLS)", _FILE)
    insecure: int = _setting("ORCHESTRATOR_INSECURE", 0, "1: may listen beyond loopback without those", low=0, high=1)
    max_calls: int = _setting("ORCHESTRATOR_MAX_CALLS", 1000, "calls in progress before RESOURCE_EXHAUSTED")
    max_message_bytes: int = _setting("ORCHESTRATOR_MAX_MESSAGE_BYTES", 1_048_576, "the largest request", low=1024)
    nats_url: str = _shared("NATS_URL", "nats://127.0.0.1:4222", "NATS with JetStream", r"(nats|tls)://\S+")
    nats_user: str = _shared("NATS_USER", "", "whom to log in to NATS as", r"\S*")
    nats_password_file: str = _shared("NATS_PASSWORD_FILE", "", "the file with that user's password", _FILE)
    redis_url: str = _shared("REDIS_URL", "redis://127.0.0.1:6379/0", "Redis", r"rediss?://\S+")
    redis_username: str = _shared("REDIS_USERNAME", "", "whom to log in to Redis as; none: its default user", r"\S*")
    redis_password_file: str = _shared("REDIS_PASSWORD_FILE", "", "the file with that user's password", _FILE)
    ray_jobs_url: str = _setting("RAY_JOBS_URL", "http://127.0.0.1:8265", "Ray's dashboard, for its Jobs API", _HTTP)
    vllm_url: str = _shared("VLLM_URL", "http://127.0.0.1:8000/v1", "OpenAI-compatible API", r"https?://\S+/v1/?")
    model: str = _shared("MODEL", "", "the model's name as /v1/models lists it (required)", r"\S+")
    log_level: str = _shared("ORCHESTRATOR_LOG_LEVEL", "INFO", ", ".join(_LEVELS), "|".join(_LEVELS))
    metrics_listen: str = _setting("ORCHESTRATOR_METRICS_LISTEN", "", "address of Prometheus metrics", _MAYBE_ADDRESS)
    traces: str = _shared("ORCHESTRATOR_TRACES", "", "file:<folder>, or an OTLP collector's URL", _TRACES)
    max_open: int = _setting("ORCHESTRATOR_MAX_OPEN", 100, "unfinished deliberations before RESOURCE_EXHAUSTED")
    max_agents: int = _setting("ORCHESTRATOR_MAX_AGENTS", 10, "the most agents in a deliberation", high=50)
    max_rounds: int = _setting("ORCHESTRATOR_MAX_ROUNDS", 5, "the most rounds", high=100)
    timeout_s: int = _setting("ORCHESTRATOR_TIMEOUT_SECONDS", 300, "a deliberation's time where it asks for none")
    max_timeout_s: int = _setting("ORCHESTRATOR_MAX_TIMEOUT_SECONDS", 3600, "the most time that it may ask for")
    result_ttl_s: int = _shared("ORCHESTRATOR_RESULT_TTL_SECONDS", 86_400, "how long Redis keeps deliberations")
    drain_s: float = _setting("ORCHESTRATOR_DRAIN_SECONDS", 5.0, "how long calls may finish after SIGTERM", low=0)
    lease_s: float = _setting(
        "ORCHESTRATOR_LEASE_SECONDS", 3.0, "silence after which another instance takes over", low=0.1
    )
    agent_entrypoint: str = _setting(
        "AGENT_ENTRYPOINT", "python3.11 -m orchestrator.agents", "command of the Ray job", r".*\S.*"
    )
    agent_job_stays: int = _setting(
        "AGENT_JOB_STAYS", 0, "1: the last instance to stop leaves the agents at work, for the next one", low=0, high=1
    )
    agent_actors: int = _shared("AGENT_ACTORS", 2, "Ray actors", high=10_000)
    agent_concurrency: int = _shared("AGENT_CONCURRENCY", 64, "steps that an actor works on at once", high=1000)
    local_concurrency: int = _setting(
        "AGENT_LOCAL_CONCURRENCY", 64, "steps of MOCK and VLLM agents that this process works on at once", high=1000
    )
    agent_actor_cpus: float = _shared("AGENT_ACTOR_CPUS", 0.1, "CPUs that Ray reserves for an actor", low=0.0001)
    agent_endpoints: str = _shared(
        "ORCHESTRATOR_AGENT_ENDPOINTS", "", "comma-separated URL prefixes that a registered agent may be at", _PREFIXES
    )
    token_budget: int = _setting(
        "ORCHESTRATOR_TOKEN_BUDGET", 0, "tokens after which a deliberation begins no further phase; 0: no budget", low=0
    )
    propose_tokens: int = _setting("AGENT_PROPOSE_TOKENS", 512, "completion budget of a proposal")
    review_tokens: int = _setting("AGENT_REVIEW_TOKENS", 192, "completion budget of a review")
    revise_tokens: int = _setting("AGENT_REVISE_TOKENS", 512, "completion budget of a revision")
    prompt_tokens: int = _setting("AGENT_PROMPT_TOKENS", 1024, "prompt budget, at about 4 characters a token", low=64)
    step_timeout_s: float = _shared("AGENT_STEP_SECONDS", 120.0, "the longest that one request to the model may take")
    ack_wait_s: float = _shared("AGENT_ACK_WAIT_SECONDS", 10.0, "silence after which a step goes to another actor")
    max_deliver: int = _shared("AGENT_MAX_DELIVER", 5, "how often a step is tried")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Reads and checks them. Raises InvalidSettings that names every setting that is wrong."""
        settings = cls.of_agent(environment)
        if contradictions := [*_contradictions(settings)]:
            raise InvalidSettings("; ".join(contradictions))
        return settings

    @classmethod
    def of_agent(cls, environment: Mapping[str, str]) -> "Settings":
        """Reads those of an agent from `agent_environment`; the rest has its defaults. Raises InvalidSettings."""
        values: dict[str, object] = {}
        faults: list[str] = []
        for declared in dataclasses.fields(cls):
            try:
                values[declared.name] = _read(declared, environment.get(declared.metadata["env"]))
            except ValueError as error:
                faults.append(f"{declared.metadata['env']} {error}")
        if faults:
            raise InvalidSettings("; ".join(faults))
        return cls(**values)  # type: ignore[arg-type]

    def agent_environment(self) -> dict[str, str]:
        """The environment that gives an agent what it uses of these settings."""
        shared = (declared for declared in dataclasses.fields(self) if declared.metadata["agents"])
        return {declared.metadata["env"]: str(getattr(self, declared.name)) for declared in shared}

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The URL prefixes that a registered agent may be at."""
        return tuple(prefix for part in self.agent_endpoints.split(",") if (prefix := part.strip()))


def describe() -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of every setting."""
    for declared in dataclasses.fields(Settings):
        yield declared.metadata["env"], str(declared.default), declared.metadata["help"]


def _read(declared: "dataclasses.Field[Any]", given: str | None) -> object:
    """The value of a setting. Raises ValueError with what follows its name in a message."""
    meta = declared.metadata
    if given is None or not given.strip():
        given = str(declared.default)
    if declared.type is str:
        if _HAS_LOGIN.search(given):
            raise ValueError(
                "must not have a user or password in it: those of NATS and Redis have settings of their own"
            )
        if not re.fullmatch(meta["pattern"], given):
            raise ValueError("must be set" if not given else f"is {given!r}, which is not {meta['help']}")
        return given
    kind = int if declared.type is int else float
    try:
        number = kind(given)
    except ValueError:
        raise ValueError(f"is {given!r}, not a number") from None
    if not meta["low"] <= number <= meta["high"]:
        raise ValueError(f"is {given}, not from {meta['low']:g} to {meta['high']:g}")
    return number


def _contradictions(settings: Settings) -> Iterator[str]:
    if settings.timeout_s > settings.max_timeout_s:
        yield "ORCHESTRATOR_TIMEOUT_SECONDS is more than ORCHESTRATOR_MAX_TIMEOUT_SECONDS"
    if settings.result_ttl_s < settings.max_timeout_s:
        yield "ORCHESTRATOR_RESULT_TTL_SECONDS is less than ORCHESTRATOR_MAX_TIMEOUT_SECONDS"
    if bool(settings.nats_user) != bool(settings.nats_password_file):
        yield "NATS_USER and NATS_PASSWORD_FILE need each other"
    if settings.redis_username and not settings.redis_password_file:
        yield "REDIS_USERNAME needs REDIS_PASSWORD_FILE"
    if bool(settings.tls_cert_file) != bool(settings.tls_key_file):
        yield "ORCHESTRATOR_TLS_CERT_FILE and ORCHESTRATOR_TLS_KEY_FILE need each other"
    if settings.tls_client_ca_file and not settings.tls_cert_file:
        yield "ORCHESTRATOR_TLS_CLIENT_CA_FILE needs ORCHESTRATOR_TLS_CERT_FILE"
    callers_are_known = settings.token_file or settings.tls_client_ca_file
    safe = bool(settings.tls_cert_file and callers_are_known)
    if not (safe or settings.insecure or re.fullmatch(_LOOPBACK, settings.listen)):
        yield (
            f"ORCHESTRATOR_LISTEN {settings.listen} is beyond loopback: that takes ORCHESTRATOR_TLS_CERT_FILE and either "
            "ORCHESTRATOR_TOKEN_FILE or ORCHESTRATOR_TLS_CLIENT_CA_FILE, or ORCHESTRATOR_INSECURE=1"
        )
