"""The pytest suite that runs in the tests container, inside the stack's network."""
