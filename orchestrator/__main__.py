"""`python -m orchestrator`."""

import gc
import sys

if __name__ == "__main__":
    # What imports make stays until the end. Spared to look at it, the collector makes starting and ending quicker.
    gc.disable()
    from orchestrator.main import main

    gc.freeze()
    gc.enable()
    sys.exit(main())
