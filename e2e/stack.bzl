"""What the stacks of the end-to-end tests have in common: services, addresses, the orchestrator's settings."""

load("//images/model:names.bzl", "DTYPES", "MODELS", "by_model")
load(
    "//tools/stack:defs.bzl",
    "grpc_probe",
    "http_probe",
    "jetstream_probe",
    "ray_probe",
    "redis_probe",
    "service",
)

# What those who talk to NATS and Redis log in with.
SECRETS = {
    "nats-password": "/run/secrets/nats-password",
    "redis-password": "/run/secrets/redis-password",
}

ADDRESSES = {
    "NATS_PASSWORD_FILE": SECRETS["nats-password"],
    "NATS_URL": "nats://nats:4222",
    "NATS_USER": "orchestrator",
    "REDIS_PASSWORD_FILE": SECRETS["redis-password"],
    "REDIS_URL": "redis://redis:6379/0",
    "VLLM_URL": "http://vllm:8000/v1",
}

# What tests need to look into every part of a stack.
OBSERVED = ADDRESSES | {
    "ORCHESTRATOR_ADDRESS": "orchestrator:50055",
    "RAY_DASHBOARD_URL": "http://ray-head:8265",
}

# Where people reach the stack, on 127.0.0.1.
PUBLISHED = {
    "nats:client": 24222,
    "orchestrator:grpc": 50055,
    "ray-head:client": 10001,
    "ray-head:dashboard": 28265,
    "ray-head:gcs": 26379,
    "vllm:http": 28000,
}

# Ray looks for its own address by dialling out, which here leads nowhere: it is told.
# Object store and shared memory hold next to nothing: steps travel through NATS.
_RAY_LIMITS = [
    "--object-store-memory=80000000",
    "--disable-usage-stats",
    "--block",
]

# It is called once: its services have the names by which others reach them.
# buildifier: disable=unnamed-macro
def backing_services():
    """Declares nats, redis, ray-head and ray-worker, which every stack has."""
    service(
        name = "nats",
        args = [
            "--config=/run/secrets/nats.conf",
            "--addr=0.0.0.0",
            "--port=4222",
            "--http_port=8222",
            "--jetstream",
            "--store_dir=/data",
        ],
        image = "//images:nats",
        memory = "256m",
        ports = {
            "client": 4222,
            "monitor": 8222,
        },
        probe = jetstream_probe(port = "monitor"),
        ready_timeout = 30,
        secret_files = {
            "/run/secrets/nats.conf": "authorization { user: orchestrator, password: \"{nats-password}\" }",
        },
        volumes = ["/data"],
    )
    redis(name = "redis")

    # No CPUs: the head schedules, the worker works.
    service(
        name = "ray-head",
        args = [
            "start",
            "--head",
            "--node-ip-address=$(ip ray-head)",
            "--port=6379",
            "--num-cpus=0",
            "--dashboard-host=0.0.0.0",
            "--dashboard-port=8265",
            "--ray-client-server-port=10001",
        ] + _RAY_LIMITS,
        command = ["/usr/local/bin/ray"],
        image = "//images:ray",
        memory = "2g",
        ports = {
            "client": 10001,
            "dashboard": 8265,
            "gcs": 6379,
        },
        probe = ray_probe(port = "gcs"),
        ready_timeout = 120,
        secrets = SECRETS,
        shm_size = "256m",
        tmpfs = ["/home/app"],
    )
    service(
        name = "ray-worker",
        args = [
            "start",
            "--address=$(ip ray-head):6379",
            "--node-ip-address=$(ip ray-worker)",
            "--num-cpus=2",
        ] + _RAY_LIMITS,
        command = ["/usr/local/bin/ray"],
        image = "//images:ray",
        memory = "2g",
        needs = ["ray-head"],
        outputs = "/outputs",  # Its actors' traces.
        probe = ray_probe(
            at = "ray-head",
            nodes = 2,
            port = "gcs",
        ),
        ready_timeout = 120,
        secrets = SECRETS,
        shm_size = "256m",
        tmpfs = ["/home/app"],
    )

def redis(name, **kwargs):
    """Declares Redis.

    Args:
      name: of the target.
      **kwargs: other attributes of `service`.
    """
    service(
        name = name,
        args = [
            "/run/secrets/redis.conf",
            "--dir",
            "/data",
            "--appendonly",
            "yes",
        ],
        image = "//images:redis",
        memory = "256m",
        ports = {"redis": 6379},
        probe = redis_probe(
            password = "redis-password",
            port = "redis",
        ),
        ready_timeout = 30,
        secret_files = {"/run/secrets/redis.conf": "requirepass {redis-password}"},
        service_name = "redis",
        volumes = ["/data"],
        **kwargs
    )

def orchestrator(name, env, service_name = "orchestrator", **kwargs):
    """Declares an orchestrator.

    Args:
      name: of the target.
      env: further environment, such as MODEL; a select will do.
      service_name: the service's name.
      **kwargs: other attributes of `service`.
    """
    service(
        name = name,
        env = env,
        image = "//images:orchestrator",
        memory = "1g",
        needs = [
            "nats",
            "redis",
        ],
        outputs = "/outputs",
        ports = {
            "grpc": 50055,
            "metrics": 9464,
        },
        probe = grpc_probe(
            port = "grpc",
            service = "orchestrator.v1.OrchestratorService",
        ),
        ready_timeout = 240,
        secrets = SECRETS,
        service_name = service_name,
        **kwargs
    )

def vllm(name, args = [], **kwargs):
    """Declares vLLM on the CPU with the chosen model.

    Args:
      name: of the target.
      args: further arguments of vLLM.
      **kwargs: other attributes of `service`.
    """
    service(
        name = name,
        args = by_model({
            model: [
                "--served-model-name=" + model,
                "--dtype=" + DTYPES[model],
            ]
            for model in MODELS
        }) + [
            "--model=/model",
            "--host=0.0.0.0",
            "--port=8000",
            # Compiling costs more at the start than it saves in a test.
            "--enforce-eager",
            "--max-model-len=2048",
            # For the requests of all tests at once: what does not fit is computed anew.
            "--kv-cache-memory-bytes=536870912",
            # A start that prompts share is computed once, by whole blocks: of the 128 tokens that are the default on a CPU
            # our short prompts never share one.
            "--block-size=32",
            # vLLM on a CPU ends when it has to compute a prompt in parts whose request has a seed, as all of ours have.
            "--no-enable-chunked-prefill",
            # A small model may fill a JSON answer's budget with blanks.
            "--structured-outputs-config.backend=xgrammar",
            "--structured-outputs-config.disable_any_whitespace=true",
        ] + args,
        image = "//images:vllm",
        memory = "4g",
        mounts = {"//images/model": "/model"},
        ports = {"http": 8000},
        probe = http_probe(
            path = "/health",
            port = "http",
        ),
        ready_timeout = 240,
        shm_size = "256m",
        tmpfs = ["/home/app"],
        **kwargs
    )

def model_server(name, args = []):
    """Declares a deterministic model server of ours in vLLM's place.

    Args:
      name: of the target.
      args: further arguments of the server.
    """
    service(
        name = name,
        testonly = True,
        args = [
            "--host=0.0.0.0",
            "--port=8000",
            "--model=tiny",
        ] + args,
        image = "//images:model_server",
        memory = "256m",
        ports = {"http": 8000},
        probe = http_probe(
            path = "/health",
            port = "http",
        ),
        service_name = "vllm",
    )

# Settings of every orchestrator; MODEL is added to them.
SETTINGS = ADDRESSES | {
    # One that takes the place of another finds its agents at work. They go with the stack.
    "AGENT_JOB_STAYS": "1",
    # Small budgets: what is tested is the deliberation, not the prose of a small model.
    "AGENT_PROPOSE_TOKENS": "16",
    "AGENT_REVIEW_TOKENS": "28",
    "AGENT_REVISE_TOKENS": "16",
    # The stack's network is its own, and nothing else is on it.
    "ORCHESTRATOR_INSECURE": "1",
    "ORCHESTRATOR_LISTEN": "0.0.0.0:50055",
    "ORCHESTRATOR_METRICS_LISTEN": "0.0.0.0:9464",
    "ORCHESTRATOR_TRACES": "file:/outputs",
    "RAY_JOBS_URL": "http://ray-head:8265",
}
