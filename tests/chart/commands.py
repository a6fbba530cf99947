"""The commands of the documents, and what is wrong with one: a flag, value, object or target that does not exist."""

import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import takewhile

import yaml

from metrics_api.cli import main as metrics_api
from tests.chart.programs import CHART, ROOT, helm, kubectl
from tests.chart.rendering import Manifest, render, render_ci
from viral_cli import main as viral_engine

Command = list[str]
_PROGRAMS = {"helm": helm, "kubectl": kubectl}
_OURS = (*_PROGRAMS, "make", "viral-engine", "python")
_KINDS = {
    "configmap": "ConfigMap",
    "deploy": "Deployment",
    "deployment": "Deployment",
    "deployments": "Deployment",
    "job": "Job",
    "secret": "Secret",
    "service": "Service",
    "svc": "Service",
}
# Made by the reader, as the documents say.
_MADE_BEFORE = {("Secret", name) for name in ("viral-engine-secrets", "guardrails-tls", "registry")}
_PLACEHOLDER = re.compile(r"^[A-Z_]+$|[<>]|\.\.\.")


def list_commands(text: str) -> Iterator[Command]:
    """Every command of ours in a document, in fences of sh and between backticks; a pipe's parts one by one."""
    fences = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
    for language, body in fences.findall(text):
        if language == "sh":
            for line in _logical_lines(re.sub(r"<<'(\w+)'\n.*?^ *\1$", "", body, flags=re.DOTALL | re.MULTILINE)):
                yield from _split(line)
    for inline in re.findall(r"`([^`]+)`", fences.sub("", text)):
        if inline.split(maxsplit=1)[0] in _OURS and " " in inline.strip():
            yield from _split(" ".join(inline.split()))


def _logical_lines(body: str) -> Iterator[str]:
    waiting = ""
    for line in body.replace("\\\n", " ").splitlines():
        waiting = f"{waiting} {line.strip()}".strip()
        if waiting.endswith("|") or not _is_closed(waiting):
            continue
        yield waiting
        waiting = ""


def _is_closed(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return False
    return True


def _split(line: str) -> Iterator[Command]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    words = list(lexer)
    while words:
        command = list(takewhile(lambda word: not set(word) <= set("|&;"), words))
        words = words[len(command) + 1 :]
        command = command[2:] if command[:2] == ["xargs", "-r"] else command
        if command and command[0] in _OURS:
            yield command


def list_faults(command: Command) -> list[str]:
    """What is wrong with a command, a sentence each."""
    program, *words = command
    if program in _PROGRAMS:
        return [*_check_flags(program, words), *_check_values(program, words), *_check_objects(program, words)]
    if program == "make":
        return _unknown("a target of make", [word for word in words if "=" not in word], _list_targets())
    if program == "python" and words[:2] != ["-m", "metrics_api"]:
        return []
    known = metrics_api.commands if program == "python" else viral_engine.commands
    first = words[2] if program == "python" else words[0]
    return _unknown(f"a command of {program}", [first], set(known))


def _unknown(what: str, words: list[str], known: set[str]) -> list[str]:
    return [f"{word} is not {what}" for word in words if word not in known and not _PLACEHOLDER.search(word)]


@cache
def _list_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def _read_help(program: str, *subcommands: str) -> tuple[set[str], dict[str, bool]]:
    """The subcommands below these, and the flags with whether each takes a value as its next word."""
    said = _PROGRAMS[program](*subcommands, "--help").stdout
    if program == "kubectl":
        said += kubectl("options").stdout
    sections = re.findall(r"^.*Commands.*:\n((?:  .*\n)+)", said, re.MULTILINE)
    listed = [name for section in sections for name in re.findall(r"^  ([a-z][a-z-]*) +\S", section, re.MULTILINE)]
    flags: dict[str, bool] = {}
    for short, long, takes in re.findall(r"^ +(?:(-\w), )?(--[\w-]+)(=\S*:| [a-zA-Z]\S*(?=   ))?", said, re.M):
        is_valued = bool(takes) and takes not in ("=false:", "=true:")
        flags |= {name: is_valued for name in (short, long) if name}
    return set(listed), flags


def _find_subcommands(program: str, words: list[str]) -> list[str]:
    """The words that choose what the program does; global flags may stand before and between them."""
    found: list[str] = []
    for word in _positionals(program, (), words):
        if word not in _read_help(program, *found)[0]:
            break
        found.append(word)
    return found


def _positionals(program: str, subcommands: tuple[str, ...], words: list[str]) -> Iterator[str]:
    flags = _read_help(program, *subcommands)[1]
    rest = iter(takewhile(lambda word: word != "--", words))
    for word in rest:
        if word.startswith("-"):
            if flags.get(word):
                next(rest, None)
        else:
            yield word


def _check_flags(program: str, words: list[str]) -> list[str]:
    subcommands = _find_subcommands(program, words)
    further = list(_positionals(program, tuple(subcommands), words))[len(subcommands) :]
    if not subcommands or (further and _read_help(program, *subcommands)[0]):
        return [f"{program} has no such subcommand: {' '.join(words)}"]
    flags = _read_help(program, *subcommands)[1]
    given = [word.partition("=")[0] for word in takewhile(lambda word: word != "--", words) if word.startswith("-")]
    return _unknown(f"a flag of {program} {' '.join(subcommands)}", [flag for flag in given if flag != "-"], set(flags))


def _check_values(program: str, words: list[str]) -> list[str]:
    """Paths after --set that are none, where the chart is ours."""
    is_ours = any(word.startswith(("helm/", "viral-engine")) for word in words)
    if program != "helm" or not is_ours:
        return []
    sets = [words[at + 1] for at, word in enumerate(words) if word.startswith("--set")]
    return [f"{given} sets no value of the chart" for given in sets if not is_value(given.partition("=")[0])]


def is_value(path: str) -> bool:
    """Whether the chart has this value; a key in <> stands for any. The schema knows those without a default, too."""
    found = [json.loads((CHART / "values.schema.json").read_text())]
    for key in path.split("."):
        maps = [item.get("properties", {}) for item in found]
        found = [item[name] for item in maps for name in item if name == key or key.startswith("<")]
    return bool(found)


@cache
def _list_objects() -> set[tuple[str, str]]:
    """Kind and name of everything that the chart makes, one way or another."""
    renderings = [render(), render_ci("ingress"), render_ci("autoscaling"), render_ci("kubectl"), render_ci("secrets")]
    made = {(item["kind"], item["metadata"]["name"]) for rendered in renderings for item in rendered.objects}
    return made | _MADE_BEFORE


@cache
def _list_labels() -> set[tuple[str, str]]:
    base = [item for path in (ROOT / "k8s" / "base").glob("*.yaml") for item in yaml.safe_load_all(path.read_text())]
    objects: list[Manifest] = [*render().objects, *(item for item in base if "metadata" in item)]
    kept = {pair for item in objects for pair in item["metadata"].get("labels", {}).items()}
    return kept | {("app.kubernetes.io/managed-by", "kustomize")}


def _check_objects(program: str, words: list[str]) -> list[str]:
    """Objects and labels of kubectl, releases, charts and files of helm that are none."""
    subcommands = _find_subcommands(program, words)
    positionals = list(_positionals(program, tuple(subcommands), words))[len(subcommands) :]
    labels = [words[at + 1] for at, word in enumerate(words) if word in ("-l", "--selector")]
    faults = [f"nothing has the label {label}" for label in labels if tuple(label.split("=")) not in _list_labels()]
    if program == "helm":
        charts = [word for word in positionals if word.startswith("helm/") and ROOT / word != CHART]
        return faults + [f"{chart} is no chart" for chart in charts]
    named = [tuple(word.split("/", 1)) for word in positionals if word.split("/")[0] in _KINDS and "/" in word]
    if len(positionals) > 1 and positionals[0] in _KINDS and subcommands[0] != "create" and not named:
        named = [(positionals[0], name) for name in positionals[1:2]]
    unknown = [(kind, name) for kind, name in named if (_KINDS[kind], name) not in _list_objects()]
    return faults + [f"there is no {kind} {name}" for kind, name in unknown if not _PLACEHOLDER.search(name)]
