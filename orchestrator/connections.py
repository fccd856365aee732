"""Connections to NATS and Redis, as the settings have them."""

from redis.asyncio import Redis

from orchestrator.adapters.login import read_login
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.redis import connection as redis_connection
from orchestrator.settings import Settings


def check_logins(settings: Settings) -> None:
    """Raises UnusablePassword where a password cannot be read."""
    read_login(settings.nats_user, settings.nats_password_file)
    read_login(settings.redis_username, settings.redis_password_file)


def connect_nats(settings: Settings, client_name: str) -> NatsConnection:
    """The connection to NATS, which is still to be made. Raises UnusablePassword."""
    return NatsConnection(settings.nats_url, client_name, read_login(settings.nats_user, settings.nats_password_file))


def connect_redis(settings: Settings, connections: int = redis_connection.CONNECTIONS) -> "Redis":
    """So many connections to Redis, which are made when they are needed. Raises UnusablePassword."""
    login = read_login(settings.redis_username, settings.redis_password_file)
    return redis_connection.connect(settings.redis_url, login, connections)
