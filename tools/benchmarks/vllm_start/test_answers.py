"""The test of a stack whose start is measured: vLLM serves, and answers the same, however it was started."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

QUESTION = {"messages": [{"role": "user", "content": "Name three colours."}], "temperature": 0, "max_tokens": 24}


def test_it_answers() -> None:
    with httpx.Client(base_url="http://vllm:8000/v1", timeout=60) as client:
        model = client.get("/models").raise_for_status().json()["data"][0]["id"]
        answer = client.post("/chat/completions", json={"model": model, **QUESTION}).raise_for_status().json()
    text = answer["choices"][0]["message"]["content"]
    assert text
    Path("/outputs/answer.json").write_text(json.dumps(text))
