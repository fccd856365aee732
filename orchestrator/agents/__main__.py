"""`python -m orchestrator.agents`: the entry point of the Ray job."""

from orchestrator.agents.driver import main

if __name__ == "__main__":
    main()
