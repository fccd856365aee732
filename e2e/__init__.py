"""The stack under test and what is asked of it."""
