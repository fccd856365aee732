"""Secrets: random, the same for all who name them, and only in files."""

from __future__ import annotations

import stat
from pathlib import Path

from tools.stack.runner.engine.confidential import Secrets
from tools.stack.tests.samples import service


def test_a_name_has_one_secret_in_a_run_and_another_in_the_next(tmp_path: Path) -> None:
    one, other = Secrets(tmp_path / "one"), Secrets(tmp_path / "other")
    assert one.value("key") == one.value("key")
    assert len({one.value("key"), one.value("lock"), other.value("key")}) == 3


def test_a_secret_needs_no_quotes_anywhere(tmp_path: Path) -> None:
    secret = Secrets(tmp_path).value("key")
    assert secret.isascii()
    assert secret.isalnum()
    assert len(secret) >= 32


def test_only_names_of_secrets_are_replaced(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    template = 'authorization { user: a, password: "{nats-password}" } {} {Not} { nats-password }'
    assert secrets.fill(template) == template.replace("{nats-password}", secrets.value("nats-password"))


def test_files_hold_the_bare_secret_or_the_filled_template_and_cannot_be_changed(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path / "secrets")
    db = service("db", secrets={"key": "/run/key"}, secret_files={"/run/conf": "pass {key}\n"})
    at = {target: file for file, target in secrets.write(db).items()}
    assert at["/run/key"].read_text() == secrets.value("key")
    assert at["/run/conf"].read_text() == f"pass {secrets.value('key')}\n"
    assert {stat.S_IMODE(file.stat().st_mode) for file in at.values()} == {0o444}


def test_a_service_without_secrets_has_no_files(tmp_path: Path) -> None:
    assert not Secrets(tmp_path / "secrets").write(service("db"))
    assert not (tmp_path / "secrets").exists()
