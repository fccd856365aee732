"""Readiness probes: what `service(probe = …)` accepts.

Each function returns the probe as text, to be passed on as it is. `port` is always the name of a port in the service's
`ports`.
"""

def _probe(kind, **options):
    return json.encode(dict(kind = kind, **options))

def http_probe(port, path = "/", status = 200, json = {}, regex = ""):
    """Ready when GET answers as it should.

    Args:
      port: name of the port.
      path: with the query, if any.
      status: the HTTP status that is expected.
      json: fields that the body must have: dotted path (`data.0.id`) to value, as text (`true`, `3`, `ok`).
      regex: a pattern (Python's) that must be found in the body.

    Returns:
      A value for `service(probe = …)`.
    """
    return _probe("http", port = port, path = path, status = status, json = json, regex = regex)

def tcp_probe(port):
    """Ready when a connection is accepted, which says little: prefer a typed probe.

    Args:
      port: name of the port.

    Returns:
      A value for `service(probe = …)`.
    """
    return _probe("tcp", port = port)

def grpc_probe(port, service = ""):
    """Ready when grpc.health.v1.Health/Check answers SERVING.

    Args:
      port: name of the port.
      service: the name to ask for; empty asks for the server as a whole.

    Returns:
      A value for `service(probe = …)`.
    """
    return _probe("grpc", port = port, service = service)

def jetstream_probe(port):
    """Ready when nats-server says that JetStream is up.

    Args:
      port: name of the monitoring port (`nats-server -m`).

    Returns:
      A value for `service(probe = …)`.
    """
    return _probe("jetstream", port = port)

def redis_probe(port, password = ""):
    """Ready when PING is answered by PONG, which Redis does only when its data is loaded.

    Args:
      port: name of the port.
      password: name of the secret to authenticate with; it must be one that the service itself is given.

    Returns:
      A value for `service(probe = …)`.
    """
    return _probe("redis", port = port, password = password)

def ray_probe(port, nodes = 1, at = ""):
    """Ready when the Ray cluster has enough nodes that are alive. It asks the head's Global Control Service.

    Args:
      port: name of the GCS port.
      nodes: how many, with the head.
      at: name of the service that is the head, where this service isn't; `port` is then one of that service.

    Returns:
      A value for `service(probe = …)`.
    """
    return _probe("ray", port = port, nodes = nodes, at = at)

def log_probe(pattern):
    """Ready when the container prints a line that has a match, since its start; a restart starts anew.

    A line was true when it was written: prefer a probe that asks, where there is something to ask.

    Args:
      pattern: a regular expression (Python's), searched in each line.

    Returns:
      A value for `service(probe = …)`.
    """
    return _probe("log", pattern = pattern)

def exec_probe(command):
    """Ready when a command in the container ends with 0. Every attempt starts a process there.

    Args:
      command: the program and its arguments.

    Returns:
      A value for `service(probe = …)`.
    """
    return _probe("exec", command = command)
