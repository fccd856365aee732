"""A Ray cluster has the nodes it should have.

Asks the head's Global Control Service what `ray list nodes` shows, by the same call, in 3 ms; `ray status` takes
seconds of imports. Field numbers are from ray's src/ray/protobuf: gcs_service.proto (GetAllNodeInfoReply.
node_info_list = 2) and gcs.proto (GcsNodeInfo.state = 7, ALIVE = 0).
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.stack.runner.probes.base import Answer, Target
from tools.stack.runner.probes.grpc import call
from tools.stack.runner.probes.protobuf import fields

_METHOD = "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo"
_NODE_INFO_LIST = 2
_STATE = 7
_ALIVE = 0


@dataclass(frozen=True, slots=True)
class RayProbe:
    """Ready when at least `nodes` nodes are alive, the head among them. `port` is the head's GCS port."""

    port: str
    nodes: int = 1

    async def attempt(self, target: Target) -> Answer:
        alive = alive_nodes(await call(target, self.port, _METHOD, b""))
        return Answer(alive >= self.nodes, f"{alive} of {self.nodes} nodes alive")


def alive_nodes(reply: bytes) -> int:
    """How many nodes of an encoded GetAllNodeInfoReply are alive. Raises ValueError for what isn't one."""
    nodes = [value for number, value in fields(reply) if number == _NODE_INFO_LIST and isinstance(value, bytes)]
    return sum(dict(fields(node)).get(_STATE, _ALIVE) == _ALIVE for node in nodes)
