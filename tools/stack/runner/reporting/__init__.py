"""What a run leaves to be looked at: the path that its start took, a trace, a page."""
