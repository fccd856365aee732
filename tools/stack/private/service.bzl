"""The rule behind `service`."""

load(":check.bzl", "misplaced", "misused")
load(":providers.bzl", "ServiceInfo")

def short_label(label):
    """A label as people write it, when it is of the main repository."""
    return str(label).replace("@@//", "//")

def rlocation_path(ctx, file):
    """The path of a file below the runfiles directory."""
    if file.short_path.startswith("../"):
        return file.short_path[len("../"):]
    return "{}/{}".format(ctx.workspace_name, file.short_path)

def _mounts(ctx):
    mounts = []
    for target, path in ctx.attr.mounts.items():
        files = target[DefaultInfo].files.to_list()
        if not files:
            fail("{}: mount {} has no files".format(ctx.label, target.label))
        if not path.startswith("/"):
            fail("{}: mount {} needs an absolute path in the container, not '{}'".format(ctx.label, target.label, path))
        for file in files:
            at = path
            if len(files) > 1:
                package = target.label.package + "/" if target.label.package else ""
                at = "{}/{}".format(path, file.short_path.split(package, 1)[-1] if package else file.short_path)
            mounts.append(struct(source = rlocation_path(ctx, file), target = at))
    return mounts

def _port_numbers(ctx):
    for name, number in ctx.attr.ports.items():
        if not number.isdigit() or int(number) < 1 or int(number) > 65535:
            fail("{}: port '{}' must be a number from 1 to 65535, not '{}'".format(ctx.label, name, number))
    return {name: int(number) for name, number in ctx.attr.ports.items()}

def _probe(ctx, ports):
    if not ctx.attr.probe:
        return None
    probe = json.decode(ctx.attr.probe)
    if not probe.get("at") and "port" in probe and probe["port"] not in ports:
        fail("{}: its probe asks port '{}', which is not among its ports ({})".format(
            ctx.label,
            probe["port"],
            ", ".join(ports) or "it has none",
        ))
    return probe

def _service_impl(ctx):
    image = ctx.file.image
    name = ctx.attr.service_name or ctx.label.name
    ports = _port_numbers(ctx)
    entry = struct(
        name = name,
        image = rlocation_path(ctx, image),
        image_label = short_label(ctx.attr.image.label),
        command = ctx.attr.command,
        args = ctx.attr.container_args,
        env = ctx.attr.container_env,
        ports = ports,
        needs = ctx.attr.needs,
        probe = _probe(ctx, ports),
        mounts = _mounts(ctx),
        tmpfs = ctx.attr.tmpfs,
        volumes = ctx.attr.volumes,
        volume_size = ctx.attr.volume_size,
        secrets = ctx.attr.secrets,
        secret_files = ctx.attr.secret_files,
        outputs = ctx.attr.outputs,
        memory = ctx.attr.memory,
        cpus = ctx.attr.cpus,
        shm_size = ctx.attr.shm_size,
        user = ctx.attr.user,
        task = ctx.attr.task,
        snapshot = ctx.attr.snapshot,
        ready_timeout = ctx.attr.ready_timeout,
        stop_timeout = ctx.attr.stop_timeout,
    )
    if ctx.attr.replicas < 1:
        fail("{}: replicas must be 1 or more, not {}".format(ctx.label, ctx.attr.replicas))
    problem = misplaced(entry) or misused(entry)
    if problem:
        fail("{}: {}".format(ctx.label, problem))
    targets = [ctx.attr.image] + ctx.attr.mounts.keys()
    runfiles = ctx.runfiles(files = [image], transitive_files = depset(
        transitive = [target[DefaultInfo].files for target in targets],
    )).merge_all([target[DefaultInfo].default_runfiles for target in targets])
    return [
        DefaultInfo(files = depset([image]), runfiles = runfiles),
        ServiceInfo(entry = entry, label = str(ctx.label), replicas = ctx.attr.replicas, runfiles = runfiles),
    ]

service_rule = rule(
    implementation = _service_impl,
    doc = "One container. Use the macro `service`, which documents the attributes.",
    attrs = {
        "command": attr.string_list(),
        "container_args": attr.string_list(),
        "container_env": attr.string_dict(),
        "cpus": attr.string(),
        "image": attr.label(mandatory = True, allow_single_file = True),
        "memory": attr.string(),
        "mounts": attr.label_keyed_string_dict(allow_files = True),
        "needs": attr.string_list(),
        "outputs": attr.string(),
        "ports": attr.string_dict(),
        "probe": attr.string(),
        "ready_timeout": attr.int(default = 90),
        "replicas": attr.int(default = 1),
        "secret_files": attr.string_dict(),
        "secrets": attr.string_dict(),
        "service_name": attr.string(),
        "shm_size": attr.string(),
        "snapshot": attr.bool(),
        "stop_timeout": attr.int(default = 10),
        "task": attr.bool(),
        "tmpfs": attr.string_list(),
        "user": attr.string(),
        "volumes": attr.string_list(),
        "volume_size": attr.string(),
    },
)

def service(
        name,
        image,
        command = [],
        args = [],
        env = {},
        ports = {},
        needs = [],
        probe = "",
        mounts = {},
        tmpfs = [],
        volumes = [],
        volume_size = "",
        secrets = {},
        secret_files = {},
        outputs = "",
        memory = "",
        cpus = "",
        shm_size = "",
        user = "",
        task = False,
        snapshot = False,
        replicas = 1,
        ready_timeout = 90,
        stop_timeout = 10,
        service_name = "",
        **kwargs):
    """Declares a container of a stack.

    Every container has a read-only root file system with /tmp, /var/tmp, /run and /dev/shm in memory, no capabilities,
    no way to gain privileges, and no way out of the stack's network. In `command`, `args` and `env` the text
    `$(ip SERVICE)` becomes the address of that service.

    Args:
      name: of the target; also the service's name and host name, unless `service_name` says otherwise.
      image: an OCI layout directory, such as an `oci_image`.
      command: replaces the image's entry point.
      args: arguments of the entry point; they replace the image's own.
      env: environment variables, added to the image's.
      ports: name to number of each port that a probe or `stack_up` refers to. Other containers reach all ports anyway.
      needs: names of services that must be ready before this one starts.
      probe: when it is ready, such as `http_probe(port = "http")`. Without one it is ready as soon as it runs.
      mounts: target to absolute path: its file or directory appears there, read-only. Several files appear below that
        path, by their path in the target's package.
      tmpfs: further directories in memory, writable for every user; `PATH:OPTIONS` sets podman's options.
      volumes: further directories on the disk, empty at first and writable for every user. What is in them survives a
        restart of the container, as a test can ask for, and goes with the stack.
      volume_size: how much each of its volumes holds, such as `64m`: then it is in memory, counts for the service's
        `memory`, and a test can fill it (`Faults.fill_disk`). Without it a volume holds what this machine's disk does.
      secrets: name to absolute path: a file with that secret and nothing else, read-only, appears there. Secrets are
        random text of letters and digits, others in each run, and the same for all services of a run that name them.
        They are in no environment, argument, image or log of the harness.
      secret_files: absolute path to template: a read-only file with the text of the template appears there, in which
        each `{NAME}` is that secret, as in `{"/run/secrets/redis.conf": "requirepass {redis-password}"}`.
      outputs: absolute path of a directory, writable for every user, that lands in the test's outputs, in
        `outputs/SERVICE`, when the run is over. What it holds when the tests end is kept: nothing waits for a service
        to write more.
      memory: the most it may use, such as `512m` or `2g`; at the limit the kernel kills it.
      cpus: how many CPUs it may keep busy, such as `1.5`.
      shm_size: size of /dev/shm, such as `256m`; podman's default is 64 MB.
      user: `UID:GID` instead of the image's user.
      task: whether it has one thing to do, such as a migration, and ends: what needs it starts when it has ended with
        0. Any other end of it is a failure of the stack. It has no probe.
      snapshot: whether it may start from a snapshot: where CRIU is, it is frozen once it is ready, before anything that
        needs it starts, and later runs thaw that instead of starting it. See "Snapshots" in README.md. It must stand by
        itself: it has a probe of its own (not `log_probe`), needs no other service, uses no `$(ip …)`, and has no
        secrets, volumes or outputs, which are others in each run.
      replicas: how many of it run. More than one are services `NAME-1`, `NAME-2` … of their own, each with its own volumes
        and outputs. What needs `NAME` needs all of them; all else (`$(ip …)`, `publish`, faults) says which one. In
        its own attributes `$(ip NAME)` is the replica's own address.
      ready_timeout: seconds from its start until it must be ready; a task, done.
      stop_timeout: seconds from SIGTERM until SIGKILL, when it is stopped by itself.
      service_name: the service's name, where the target needs another one.
      **kwargs: attributes that all rules have, such as `visibility`.
    """
    service_rule(
        name = name,
        command = command,
        container_args = args,
        container_env = env,
        cpus = cpus,
        image = image,
        memory = memory,
        mounts = mounts,
        needs = needs,
        outputs = outputs,
        ports = {port: str(number) for port, number in ports.items()},
        probe = probe,
        ready_timeout = ready_timeout,
        replicas = replicas,
        secret_files = secret_files,
        secrets = secrets,
        service_name = service_name,
        shm_size = shm_size,
        snapshot = snapshot,
        stop_timeout = stop_timeout,
        task = task,
        tmpfs = tmpfs,
        user = user,
        volumes = volumes,
        volume_size = volume_size,
        **kwargs
    )
