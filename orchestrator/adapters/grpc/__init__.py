"""gRPC: the contract of protos/orchestrator/v1, health and reflection."""
