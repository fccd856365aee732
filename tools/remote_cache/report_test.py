from pathlib import Path

import pytest

from tools.remote_cache.build_events import Build
from tools.remote_cache.profile import Kind, Profile
from tools.remote_cache.report import main, network_bytes, report

NETWORK = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 900 9 0 0 0 0 0 0 900 9 0 0 0 0 0 0
  eth0: 100 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0
  eth1:  20 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0
"""


def test_it_says_what_was_there_what_ran_and_what_was_waited_for() -> None:
    build = Build({"remote cache hit": 40, "linux-sandbox": 2, "internal": 9}, {"//:a": False, "//:b": True})
    kinds = {"Quick": Kind(1, 1, 0.5), "Slow": Kind(0, 1, 60.0), "Known": Kind(39, 0, 0.0)}
    text = report(build, Profile(kinds, 1.5, 20.25, 3.0), (1_234_000_000, 5_600_000))
    head, tests, slow, quick, waited, network = text.splitlines()
    assert "40 of 42" in head
    assert "2 ran here" in head
    assert "1 of 2" in tests
    assert ("Slow" in slow, "60.0 s" in slow) == (True, True)
    assert "Quick" in quick
    assert all(figure in waited for figure in ("1.5 s", "20.2 s", "3.0 s"))
    assert all(figure in network for figure in ("1.23 GB received", "5.6 MB sent"))


LATER = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 999 9 0 0 0 0 0 0 999 9 0 0 0 0 0 0
  eth0: 150 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0
 veth1:  70 1 0 0 0 0 0 0 70 1 0 0 0 0 0 0
"""


def test_the_network_is_every_interface_that_stays_but_loopback() -> None:
    assert network_bytes(NETWORK, LATER) == (50, 2)


def test_a_build_that_left_nothing_fails_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "events"), str(tmp_path / "profile.gz")]) == 0
    assert not capsys.readouterr().out
