"""Telemetry: traces through OpenTelemetry, metrics for Prometheus."""
