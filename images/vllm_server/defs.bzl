"""What the vLLM image needs beside vLLM."""

def _vllm_model_infos_impl(ctx):
    layer = ctx.actions.declare_file(ctx.label.name + ".tar")
    args = ctx.actions.args()
    args.add("--output", layer)
    args.add("--cache", ctx.attr.cache)
    args.add_all(ctx.files.layers, before_each = "--layer")
    args.add_all(ctx.attr.architectures)
    ctx.actions.run(
        executable = ctx.executable._model_infos,
        arguments = [args],
        inputs = ctx.files.layers,
        outputs = [layer],
        mnemonic = "VllmModelInfos",
        progress_message = "Asking vLLM about model classes for %{label}",
    )
    return [DefaultInfo(files = depset([layer]))]

vllm_model_infos = rule(
    doc = "A layer with vLLM's cache of what its model classes can do, which saves a start eight seconds.",
    implementation = _vllm_model_infos_impl,
    attrs = {
        "architectures": attr.string_list(doc = "Model classes, such as LlamaForCausalLM.", mandatory = True),
        "cache": attr.string(doc = "VLLM_CACHE_ROOT in the image.", mandatory = True),
        "layers": attr.label_list(
            doc = "The layers that vLLM runs from, but the interpreter's.",
            allow_files = [".tar"],
            mandatory = True,
        ),
        "_model_infos": attr.label(default = "//images/vllm_server:model_infos", executable = True, cfg = "exec"),
    },
)
