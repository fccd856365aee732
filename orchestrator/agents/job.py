"""What the orchestrator and the Ray job that it submits have to agree on."""

# The environment variable in which the actors find the id of their job.
JOB_VARIABLE = "AGENT_JOB"
