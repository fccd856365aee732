"""What tests use in place of the real things, and how they start the real ones."""
