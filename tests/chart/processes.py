"""Which settings each process reads, who sets them, and how they are named in the chart's values."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from metrics_api.settings.detection import DetectionSettings
from viral_cli.local.settings import list_groups
from viral_cli.settings import StandaloneSettings
from viral_runtime.settings.base import EnvironmentSettings

Group = type[EnvironmentSettings]
ROOT = Path(__file__).parents[2]
_RUN_WORKER = {"shared/viral_runtime/work/worker.py": ("run_worker",)}

# Where each process of the templates loads its settings: modules, and the functions in them.
_STARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "metricsApi": {"services/metrics_api/cli.py": ("web",)},
    "reconciler": {"services/metrics_api/cli.py": ("reconciler",)},
    "migrate": {"services/metrics_api/cli.py": ("migrate", "bootstrap")},
    "dashboard": {"services/dashboard/cli.py": ("web",)},
    "scheduler": {"services/report_worker/cli.py": ("scheduler",)},
    "reportWorker": {**_RUN_WORKER, "services/report_worker/cli.py": ("work",)},
    "emailWorker": {**_RUN_WORKER, "services/email_worker/cli.py": ("work",)},
}

# What the chart itself decides, so that no value can contradict it; the templates render these.
SET_BY_CHART = {
    "bind_host": "containers listen on every address",
    "metrics_api_port": "the containers' ports are the images'; a Service can have another",
    "dashboard_port": "the containers' ports are the images'; a Service can have another",
    "reconciler_metrics_port": "scraped by the PodMonitor",
    "worker_metrics_port": "scraped by the PodMonitor",
    "metrics_api_url": "the Service of the metrics API",
    "flags_file": "the ConfigMap of the feature flags",
    "heartbeat_file": "looked at by the liveness probe",
}
LOCAL_ONLY = {
    "email_transport": "files are for development; here mail is sent",
    "email_folder": "belongs to the transport by files",
    "var_dir": "the local stack's folder",
    "demo": "the local stack's demo data",
    "api_token": "a token with every scope, made for the local stack alone",
}
SECRETS_BY_NAME = {"database_url", "redis_url", "admin_email"}

# Where production wants another default than a developer's machine.
PRODUCTION_DEFAULTS: dict[str, Any] = {
    "log_format": "json",
    "dashboard_cookie_secure": True,
    # Longer than a cluster takes to send nothing more to a pod that stops.
    "shutdown_drain_seconds": 10,
    # One pod more serves more as well as one process more does, and its CPU limit is shown to be used.
    "metrics_api_processes": 1,
    "dashboard_processes": 1,
    # Unset: the host name of the dashboard's Ingress.
    "public_dashboard_url": None,
}


def find_groups(path: Path, *functions: str) -> tuple[Group, ...]:
    """The groups that these functions of a module name, also by a constant of it; of all its functions without any."""
    known = {group.__name__: group for group in list_groups()}
    body = ast.parse(path.read_text()).body
    there = {item.name: item for item in body if isinstance(item, ast.FunctionDef)}
    constants = {
        target.id: item
        for item in body
        if isinstance(item, ast.Assign)
        for target in item.targets
        if isinstance(target, ast.Name)
    }
    names = [name for function in functions or there for name in _list_names(there[function])]
    names += [inner for name in names if name in constants for inner in _list_names(constants[name])]
    return tuple(dict.fromkeys(known[name] for name in names if name in known))


def _list_names(node: ast.AST) -> list[str]:
    return [name.id for name in ast.walk(node) if isinstance(name, ast.Name)]


@cache
def groups_of_processes() -> dict[str, tuple[Group, ...]]:
    """The groups of settings that each process loads, read off its code."""
    found = {}
    for process, modules in _STARTS.items():
        groups = [group for path, names in modules.items() for group in find_groups(ROOT / path, *names)]
        found[process] = tuple(dict.fromkeys(groups))
    return found


def all_groups() -> list[Group]:
    """Every group of settings except the local stack's, in the order in which they are documented."""
    return [group for group in list_groups() if group is not StandaloneSettings]


def name_group(group: Group) -> str:
    """The group's key in the values: `thresholds` for detection, else the class's name, such as `config.queue`."""
    if group is DetectionSettings:
        return "thresholds"
    name = group.__name__.removesuffix("Settings")
    return name[0].lower() + name[1:]


def camel_case(name: str) -> str:
    """The key in the values for a setting's name."""
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def is_secret(group: Group, name: str) -> bool:
    """Whether the setting belongs into a Secret."""
    annotation = group.model_fields[name].annotation
    return name in SECRETS_BY_NAME or SecretStr in (annotation, *getattr(annotation, "__args__", ()))


def list_secrets(*groups: Group) -> dict[str, bool]:
    """The secret settings of these groups, and whether the process needs them to start."""
    found: dict[str, bool] = {}
    for group in groups:
        for name, field in group.model_fields.items():
            if is_secret(group, name) and name not in LOCAL_ONLY:
                found[name] = found.get(name, False) or field.is_required()
    return found


def list_plain(group: Group) -> list[str]:
    """The settings of this group that a chart's user may choose."""
    return [
        name
        for name in group.model_fields
        if not is_secret(group, name) and name not in SET_BY_CHART and name not in LOCAL_ONLY
    ]
