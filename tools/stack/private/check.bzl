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
