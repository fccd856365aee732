"""The orchestrator: councils of agents that deliberate on tasks."""

__version__ = "0.1.0"
