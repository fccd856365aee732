"""Ray: the job that runs the agents, through the Jobs API."""
