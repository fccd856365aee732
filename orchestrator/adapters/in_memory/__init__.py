"""Every port in memory: for unit tests and `--dev`."""
