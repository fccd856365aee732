"""Checks a stack while Bazel analyses it. Each function returns a message, or None."""

def _between(text, start, end):
    """The parts of `text` that lie between `start` and `end`."""
    return [part.split(end, 1)[0] for part in text.split(start)[1:] if end in part]

def references(entry):
    """Names of the services whose address a service uses.

    Args:
      entry: the service.

    Returns:
      A list of names.
    """
    texts = entry.command + entry.args + entry.env.values()
    return [name for text in texts for name in _between(text, "$(ip ", ")")]

def closure(name, known):
    """A service and all that it needs, asks or refers to, at any remove.

    Args:
      name: of the service.
      known: the entries of the stack, by name.

    Returns:
      A list of names.
    """
    found = {name: True}
    for _ in known:
        for entry in [known[each] for each in found]:
            asked = [entry.probe["at"]] if entry.probe and entry.probe.get("at") else []
            found.update({other: True for other in entry.needs + references(entry) + asked})
    return [each for each in known if each in found]

_NAME_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"

def _is_secret_name(text):
    return text and text[0] not in "0123456789-" and not [
        letter
        for letter in text.elems()
        if letter not in _NAME_LETTERS
    ]

def secrets_of(entry):
    """Names of the secrets that a service is given, by themselves or in templates.

    Args:
      entry: the service.

    Returns:
      A list of names.
    """
    templates = entry.secret_files.values()
    names = [name for text in templates for name in _between(text, "{", "}") if _is_secret_name(name)]
    return entry.secrets.keys() + names

def misplaced(entry):
    """Something in a container that has no proper path, or no proper secret.

    Args:
      entry: the service.

    Returns:
      A message or None.
    """
    for name in entry.secrets:
        if not _is_secret_name(name):
            return "a secret's name is of lower-case letters, digits and '-', and starts with a letter: not '{}'".format(name)
    for path, template in entry.secret_files.items():
        if not [name for name in _between(template, "{", "}") if _is_secret_name(name)]:
            return "the template of '{}' holds no secret, such as {{redis-password}}".format(path)
    outputs = [entry.outputs] if entry.outputs else []
    paths = entry.volumes + entry.secrets.values() + entry.secret_files.keys() + outputs
    for path in paths:
        if not path.startswith("/") or ":" in path:
            return "volumes, secrets and outputs need an absolute path in the container without a colon, not '{}'".format(path)
        if len([other for other in paths if other == path]) > 1:
            return "two things are to appear at '{}'".format(path)
    return None

def misused(entry):
    """Attributes of a service that contradict each other.

    Args:
      entry: the service.

    Returns:
      A message or None.
    """
    if entry.task and entry.probe:
        return "a task has no probe: it is done when it has ended"
    if entry.volume_size and not entry.volumes:
        return "volume_size is that of volumes, and it has none"
    if entry.volume_size and not (entry.volume_size[:-1].isdigit() and entry.volume_size[-1] in "kmg"):
        return "volume_size is a number with k, m or g, such as 64m, and not '{}'".format(entry.volume_size)
    return _unfreezable(entry) if entry.snapshot else None

def _unfreezable(entry):
    """Why a service can't have a snapshot: what is in one must be true in every run."""
    reasons = {
        "its outputs are another directory in each run": entry.outputs,
        "its secrets are others in each run": secrets_of(entry),
        "its volumes are empty at the start of each run": entry.volumes,
        "it is a task, which is done when it has ended": entry.task,
        "it needs other services, which are others in each run": entry.needs,
        "it uses $(ip ...), which is another address in each run": references(entry),
        "it has no probe, by which it could be proved": not entry.probe,
        "its probe asks another service": entry.probe and entry.probe.get("at"),
        "its log is another in each run, and its probe reads it": entry.probe and entry.probe["kind"] == "log",
    }
    for reason, holds in reasons.items():
        if holds:
            return "a service with a snapshot stands by itself: " + reason
    return None

def duplicate(entries):
    """A name that two services have.

    Args:
      entries: the services.

    Returns:
      A message or None.
    """
    seen = {}
    for entry in entries:
        if entry.name in seen:
            return "two services are called '{}'; give one another service_name".format(entry.name)
        seen[entry.name] = True
    return None

def unknown(entry, known):
    """Something that a service refers to and that is not in the stack.

    Args:
      entry: the service.
      known: the entries of the stack, by name.

    Returns:
      A message or None.
    """
    names = ", ".join(known)
    for need in entry.needs:
        if need not in known:
            return "service '{}' needs '{}', which is not in the stack ({})".format(entry.name, need, names)
    for name in references(entry):
        if name not in known:
            return "service '{}' uses $(ip {}), which is not in the stack ({})".format(entry.name, name, names)
    password = entry.probe.get("password") if entry.probe else None
    if password and password not in secrets_of(entry):
        return "the probe of service '{}' uses secret '{}', which the service is not given ({})".format(
            entry.name,
            password,
            ", ".join(secrets_of(entry)) or "it has none",
        )
    head = entry.probe.get("at") if entry.probe else None
    if head:
        if head not in known:
            return "the probe of service '{}' asks '{}', which is not in the stack ({})".format(entry.name, head, names)
        if entry.probe["port"] not in known[head].ports:
            return "the probe of service '{}' asks port '{}' of '{}', which has: {}".format(
                entry.name,
                entry.probe["port"],
                head,
                ", ".join(known[head].ports) or "no ports",
            )
    return None

def cycle(entries):
    """Services that wait for each other.

    Args:
      entries: the services; all they need is among them.

    Returns:
      A message or None.
    """
    waiting = {entry.name: entry.needs for entry in entries}
    for _ in entries:
        for name, needs in waiting.items():
            if not [need for need in needs if need in waiting]:
                waiting.pop(name)
    if not waiting:
        return None

    # Whoever is left waits, at least indirectly, for a cycle: follow the needs until a name comes again.
    path = [sorted(waiting)[0]]
    for _ in entries:
        following = [need for need in waiting[path[-1]] if need in waiting][0]
        if following in path:
            return "services need each other in a circle: {}".format(
                " -> ".join(path[path.index(following):] + [following]),
            )
        path.append(following)
    return None
