"""The rule `stack`, and the manifest that the runner reads."""

load(":check.bzl", "closure", "cycle", "duplicate", "unknown")
load(":providers.bzl", "ServiceInfo", "StackInfo")
load(":replicas.bzl", "expanded", "replica_names")
load(":service.bzl", "short_label")

_VERSION = 1

def _stack_impl(ctx):
    services = [target[ServiceInfo] for target in ctx.attr.services]
    entries = expanded(services)
    known = {entry.name: entry for entry in entries}
    problems = [duplicate(entries)] + [unknown(entry, known) for entry in entries]
    if not any(problems):
        problems.append(cycle(entries))
    for problem in problems:
        if problem:
            fail("{}: {}".format(ctx.label, problem))
    runfiles = {name: service.runfiles for service in services for name in replica_names(service)}
    return [
        DefaultInfo(runfiles = ctx.runfiles().merge_all(runfiles.values())),
        StackInfo(label = short_label(ctx.label), runfiles = runfiles, services = entries),
    ]

stack = rule(
    implementation = _stack_impl,
    doc = """A set of services that run together, checked when Bazel analyses it.

It is an error when a service needs, or uses `$(ip …)` of, one that is not in the stack, when services need each other
in a circle, and when two have the same name.""",
    attrs = {
        "services": attr.label_list(
            mandatory = True,
            allow_empty = False,
            providers = [ServiceInfo],
            doc = "The services. The order says nothing: each starts as soon as what it needs is ready.",
        ),
    },
)

def _manifest_impl(ctx):
    info = ctx.attr.stack[StackInfo]
    known = {entry.name: entry for entry in info.services}
    if ctx.attr.only:
        if ctx.attr.only not in known:
            fail("{}: there is no service '{}' in the stack ({})".format(ctx.label, ctx.attr.only, ", ".join(known)))
        known = {name: known[name] for name in closure(ctx.attr.only, known)}
    runfiles = ctx.runfiles().merge_all([info.runfiles[name] for name in known])
    manifest = dict(
        version = _VERSION,
        label = info.label,
        services = known.values(),
        publish = {port: int(number) for port, number in ctx.attr.publish.items()},
        faults = ctx.attr.faults,
        healthchecks = ctx.attr.healthchecks,
        up = _program(ctx, ctx.attr.up),
        down = _program(ctx, ctx.attr.down),
    )
    for name in ctx.attr.healthchecks:
        if name not in known:
            fail("{}: there is a health check for '{}', which is not in the stack ({})".format(ctx.label, name, ", ".join(known)))
    for published in ctx.attr.publish:
        _check_published(ctx, published, known)
    if ctx.attr.tests:
        tests = ctx.attr.tests[ServiceInfo]
        problem = unknown(tests.entry, known)
        if problem:
            fail("{}: {}".format(ctx.label, problem))
        if tests.entry.name in known:
            fail("{}: no service may be called '{}', which is the tests' container".format(info.label, tests.entry.name))
        manifest["tests"] = tests.entry
        manifest["tests_start_early"] = ctx.attr.tests_start_early
        runfiles = runfiles.merge(tests.runfiles)
    output = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(output, json.encode_indent(manifest, indent = "  ") + "\n")
    return [DefaultInfo(files = depset([output]), runfiles = runfiles.merge(ctx.runfiles([output])))]

def _program(ctx, label):
    """A program's label as people write it; empty where there is none."""
    return short_label(ctx.label.relative(label)) if label else ""

def _check_published(ctx, published, known):
    name, _, port = published.partition(":")
    if name not in known:
        fail("{}: cannot publish '{}': there is no service '{}' ({})".format(ctx.label, published, name, ", ".join(known)))
    if port not in known[name].ports:
        fail("{}: cannot publish '{}': service '{}' has no port '{}' (it has: {})".format(
            ctx.label,
            published,
            name,
            port,
            ", ".join(known[name].ports) or "none",
        ))

manifest = rule(
    implementation = _manifest_impl,
    doc = "The file that the runner reads, with everything it names as runfiles.",
    attrs = {
        "down": attr.string(doc = "Label of the program that takes the stack down."),
        "faults": attr.bool(doc = "Whether the tests may hurt the services."),
        "healthchecks": attr.string_list_dict(doc = "Service to a command that stands for its probe."),
        "only": attr.string(doc = "The service that is wanted, with what it needs; without one, all are."),
        "publish": attr.string_dict(doc = "`SERVICE:PORT` to the number on 127.0.0.1."),
        "stack": attr.label(mandatory = True, providers = [StackInfo], doc = "The stack."),
        "up": attr.string(doc = "Label of the program that brings the stack up for people."),
        "tests": attr.label(providers = [ServiceInfo], doc = "The tests' container."),
        "tests_start_early": attr.bool(doc = "Whether it starts beside the services, and waits for them."),
    },
)
