"""NATS: JetStream for steps, results, events and context; core NATS for the agents' signs of life."""
