"""Services that run more than once: each replica becomes a service of its own, before anything is checked."""

load("@bazel_skylib//lib:structs.bzl", "structs")

def replica_names(service):
    """What the replicas of a service are called.

    Args:
      service: its ServiceInfo.

    Returns:
      A list of names; of one, where there is one.
    """
    name = service.entry.name
    return ["{}-{}".format(name, number + 1) for number in range(service.replicas)] if service.replicas > 1 else [name]

def _itself(entry, name):
    """The attributes of one replica: where the service refers to its own address, the replica refers to its own."""
    own, reference = "$(ip {})".format(entry.name), "$(ip {})".format(name)
    return structs.to_dict(entry) | dict(
        name = name,
        args = [text.replace(own, reference) for text in entry.args],
        command = [text.replace(own, reference) for text in entry.command],
        env = {variable: text.replace(own, reference) for variable, text in entry.env.items()},
    )

def expanded(services):
    """The entries of all replicas.

    Args:
      services: the ServiceInfo of each service.

    Returns:
      A list of entries, in which `needs` names every replica of what is needed.
    """
    names = {service.entry.name: replica_names(service) for service in services}
    return [
        struct(**(_itself(service.entry, name) | dict(
            needs = [each for need in service.entry.needs for each in names.get(need, [need])],
        )))
        for service in services
        for name in replica_names(service)
    ]
