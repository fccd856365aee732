"""Agents: what runs on Ray. `worker` handles one step, `pump` keeps an actor busy, `driver` keeps the actors there."""
