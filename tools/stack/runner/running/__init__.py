"""A run from its beginning to its end: services started, watched, replaced."""
