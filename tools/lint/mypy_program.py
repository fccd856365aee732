"""mypy, from its wheel."""

from mypy.__main__ import console_entry

if __name__ == "__main__":
    console_entry()
