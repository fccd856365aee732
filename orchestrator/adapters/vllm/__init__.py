"""vLLM, or any server with an OpenAI-compatible chat API."""
