"""What the deterministic chat server says: text that depends on nothing but the request."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def completion(body: Mapping[str, Any], text: str) -> object:
    """A completion document with this text, as the API has it."""
    prompt = " ".join(message["content"] for message in body["messages"])
    return {
        "id": f"chatcmpl-{digest(body):08x}",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())},
    }


def answer_text(body: Mapping[str, Any]) -> str:
    """A proposal; or a JSON value of the wanted form, where the request asks for one."""
    number = digest(body)
    if "response_format" in body:
        return json.dumps(_instance(body["response_format"]["json_schema"]["schema"], number))
    return f"Proposal {number}.\n\n```python\ndef answer() -> int:\n    return {number}\n```"


def digest(body: Mapping[str, Any]) -> int:
    """A number of 32 bits that stands for the request, its seed included."""
    return int.from_bytes(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()[:4], "big")


def _instance(schema: Mapping[str, Any], number: int) -> object:
    """A value that follows the schema, as far as the service uses schemas."""
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    if schema["type"] == "object":
        return {name: _instance(inner, number + i) for i, (name, inner) in enumerate(schema["properties"].items())}
    return f"Weakness {number}."[: schema.get("maxLength", 80)]
