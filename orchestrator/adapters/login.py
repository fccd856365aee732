"""Who this service is to NATS and Redis. Passwords come from files, so that no environment, argument or log has them."""

from dataclasses import dataclass, field
from pathlib import Path


class UnusablePassword(ValueError):
    """A file with a password that cannot be read, or has none."""


@dataclass(frozen=True)
class Login:
    """A user and their password. No username is for a server's default user, where it has one."""

    username: str
    password: str = field(repr=False)


def read_login(username: str, password_file: str) -> Login | None:
    """The login with the password in a file, whose last line break does not count; None where no file is named.

    Raises UnusablePassword.
    """
    if not password_file:
        return None
    try:
        password = Path(password_file).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        # The decoding error would show what is in the file.
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UnusablePassword(f"{password_file} cannot be read: {reason}") from None
    if not password:
        raise UnusablePassword(f"{password_file} has no password")
    return Login(username, password)
