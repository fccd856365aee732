"""What the rules tell each other."""

ServiceInfo = provider(
    doc = "One declared container.",
    fields = {
        "entry": "The service as it goes into the manifest: a struct, see manifest.py.",
        "label": "Label of the declaring target, for messages.",
        "replicas": "How many of it run. More than one are called NAME-1, NAME-2 …; the entry has the name without a number.",
        "runfiles": "Runfiles with the image and the mounts.",
    },
)

StackInfo = provider(
    doc = "A checked set of services.",
    fields = {
        "label": "Label of the stack.",
        "runfiles": "The runfiles of each service, by its name.",
        "services": "The entries of the services, in the order of the declaration, each replica by itself.",
    },
)
