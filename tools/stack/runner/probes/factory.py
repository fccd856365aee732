"""Makes probes from their declaration."""

from __future__ import annotations

from tools.stack.runner.errors import ManifestError
from tools.stack.runner.manifest import ProbeSpec
from tools.stack.runner.probes.base import Probe
from tools.stack.runner.probes.exec import ExecProbe
from tools.stack.runner.probes.grpc import GrpcProbe
from tools.stack.runner.probes.http import HttpProbe
from tools.stack.runner.probes.jetstream import JetStreamProbe
from tools.stack.runner.probes.log import LogProbe
from tools.stack.runner.probes.ray import RayProbe
from tools.stack.runner.probes.redis import RedisProbe
from tools.stack.runner.probes.tcp import TcpProbe


def make(spec: ProbeSpec) -> Probe:
    """The probe that `spec` describes. Raises ManifestError for an unknown kind or a wrong option."""
    options = dict(spec.options)
    try:
        match spec.kind:
            case "tcp":
                return TcpProbe(**options)
            case "http":
                return HttpProbe(**options)
            case "grpc":
                return GrpcProbe(**options)
            case "jetstream":
                return JetStreamProbe(**options)
            case "redis":
                return RedisProbe(**options)
            case "ray":
                return RayProbe(**options)
            case "log":
                return LogProbe(**options)
            case "exec":
                return ExecProbe(command=tuple(options.pop("command")), **options)
    except (TypeError, KeyError, ValueError) as error:
        raise ManifestError(f"the {spec.kind} probe is declared wrongly: {error}") from error
    raise ManifestError(f"there is no probe of kind '{spec.kind}'")
