"""What the rules tell each other."""

ServiceInfo = provider(
    doc = "One declared container.",
    fields = {
        "entry": "The service as it goes into the manifest: a struct, see manifest.py.",
        "label": "Label of the declaring target, for messages.",
        "runfiles": "Runfiles with the image and the mounts.",
    },
)

StackInfo = provider(
    doc = "A checked set of services.",
    fields = {
        "label": "Label of the stack.",
        "runfiles": "Runfiles of all services.",
        "services": "The entries of the services, in the order of the declaration.",
    },
)
