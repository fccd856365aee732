"""Nothing is left, whatever happens."""
