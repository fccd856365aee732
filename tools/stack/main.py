"""Entry point of stack_test, stack_up, stack_down, stack_logs and stack_compose."""

import sys

from tools.stack.runner.cli import main

if __name__ == "__main__":
    sys.exit(main())
