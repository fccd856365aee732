"""What a root file system has beside packages: the links of usr-merge, accounts, directories.

On a Debian system the installer and maintainer scripts make these.
"""

from images.rootfs.tree import MERGED, Content, Node, Tree

APP_ID = 10_001

_PASSWD = f"""\
root:x:0:0:root:/root:/bin/bash
app:x:{APP_ID}:{APP_ID}:app:/home/app:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
_GROUP = f"""\
root:x:0:
app:x:{APP_ID}:
nogroup:x:65534:
"""
_NSSWITCH = """\
passwd: files
group: files
hosts: files dns
services: files
"""


def add_skeleton(tree: Tree) -> None:
    """Add the links of usr-merge, user and group `app`, its home, and the usual directories."""
    package = "the skeleton"
    for name in MERGED:
        tree.add(name, Node(0o777, target=f"usr/{name}", package=package))
        tree.add(f"usr/{name}", Node(0o755, package=package))
    for name in ("dev", "etc", "home", "proc", "root", "run", "sys", "usr", "var"):
        tree.add(name, Node(0o755, package=package))
    tree.nodes["home/app"] = Node(0o755, owner=APP_ID, package=package)
    for name in ("tmp", "var/tmp"):
        tree.nodes[name] = Node(0o1777, package=package)
    for name, text in (
        ("passwd", _PASSWD),
        ("group", _GROUP),
        ("nsswitch.conf", _NSSWITCH),
    ):
        tree.add(f"etc/{name}", Node(0o644, Content(text.encode()), package=package))
