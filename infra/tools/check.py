"""Checks all files in infra/ with the tools for their kind. Prints errors, and exits with 1 if there are any.

Owns the assignment of tools to files, and the handling of findings. Needs .venv-infra and Debian's systemd (`make infra` installs
both). Needs no network.
"""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import api_gateway
import jsonschema
import policies
import terraform
import yaml

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
TEMPLATES = sorted([*ROOT.glob("sam/*.yaml"), *ROOT.glob("direct/*.yaml")])
MODULES = sorted({path.parent for path in ROOT.glob("terraform/**/*.tf")})
# systemd's exposure measure from 0 (closed) to 10 (open), in tenths. "OK" starts at 4.
EXPOSURE = 15
QUIET = {"SAM_CLI_TELEMETRY": "0", "PATH": f"{BIN}:/usr/bin:/bin", "HOME": "/nonexistent", "AWS_DEFAULT_REGION": "us-east-1", "LC_ALL": "C.UTF-8"}


def run(*command, **environment):
    """The output of a tool that found something."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=QUIET | environment, cwd=ROOT)
    return [f"{command[0]}: {(done.stdout + done.stderr).strip()}"] if done.returncode else []


def cloudformation():
    return run(BIN / "cfn-lint", "--regions", "us-east-1", "eu-central-1", "--", *TEMPLATES)


def sam():
    """The only template that needs SAM's own parser, which takes ten seconds to start."""
    with tempfile.TemporaryDirectory() as home:
        return run(BIN / "sam", "validate", "--lint", "--region", "us-east-1", "--template", ROOT / "sam/template.yaml", HOME=home)


def checkov_findings(report):
    """Failed checks: id, end of the file name, and resource."""
    found = {}
    for part in report if isinstance(report, list) else [report]:
        for error in part.get("results", {}).get("parsing_errors", []):
            found.setdefault("parsing", []).append(error)
        for check in part.get("results", {}).get("failed_checks", []):
            found.setdefault(check["check_id"], []).append(f"{check['file_path']} {check['resource']}: {check['check_name']}")
    return found


def compared(found, accepted):
    """Findings that are not accepted, and accepted findings that no longer occur."""
    mistakes = [f"checkov: {check}: {each}" for check, places in sorted(found.items()) if check not in accepted for each in places]
    return mistakes + [f"checkov: {check} is in checkov.toml and has no finding any more" for check in accepted if check not in found]


def checkov():
    command = [
        BIN / "checkov", "--skip-download", "--quiet", "--compact", "--output", "json", "--directory", ROOT,
        "--framework", "cloudformation", "terraform", "dockerfile",
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=QUIET, cwd=ROOT)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return [f"checkov: {(done.stdout + done.stderr).strip()}"]
    looked_at = sum(part.get("summary", {}).get("resource_count", 0) for part in (report if isinstance(report, list) else [report]))
    if looked_at < 60:
        return [f"checkov looked at {looked_at} resources only"]
    return compared(checkov_findings(report), tomllib.loads((ROOT / "tools/checkov.toml").read_text()))


def modules():
    return [each for module in MODULES for each in terraform.mistakes(module)]


def copied(dockerfile):
    """Files that the first stage copies from the context."""
    stage = dockerfile.split("\nFROM ")[1]
    return [source for line in stage.splitlines() if line.startswith("COPY ") for source in line.split()[1:-1]]


def context(folder, dockerfile, ignored):
    """The build context in a folder: files that Dockerfile.dockerignore allows and the Dockerfile copies."""
    lines = ignored.splitlines()
    if next(line for line in lines if line and not line.startswith("#")) != "*":
        return ["Dockerfile.dockerignore must leave out everything first"]
    found = []
    for source in copied(dockerfile):
        if f"!{source}" not in lines:
            found.append(f"Dockerfile copies {source}, which Dockerfile.dockerignore leaves out")
        elif (ROOT.parent / source).is_dir():
            shutil.copytree(ROOT.parent / source, Path(folder) / source, ignore=shutil.ignore_patterns("target"))
        else:
            shutil.copy(ROOT.parent / source, folder)
    return found


def included(folder):
    """Files and folders that the sources include (`include_str!` and similar) and that are missing in the context."""
    found = []
    for path in sorted([*Path(folder).glob("src/**/*.rs"), *Path(folder).glob("crates/*/src/**/*.rs")]):
        text = path.read_text()
        root = next(parent for parent in path.parents if (parent / "Cargo.toml").is_file())
        wanted = [path.parent / name for name in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', text)]
        wanted += [root / name for name in re.findall(r'include_\w+!\(concat!\(env!\("CARGO_MANIFEST_DIR"\), "/([^"]+)"', text)]
        found += [f"{path.relative_to(folder)} includes {each}, which the context lacks" for each in wanted if not each.exists()]
    return found


def container():
    dockerfile = (ROOT / "container/Dockerfile").read_text()
    found = run(BIN / "hadolint", "--failure-threshold", "style", ROOT / "container/Dockerfile")
    with tempfile.TemporaryDirectory() as folder:
        found += context(folder, dockerfile, (ROOT / "container/Dockerfile.dockerignore").read_text())
        found += included(folder)
        # Images cannot be built here. Cargo reads the manifests and checks the files of all targets before it reports this missing one.
        cargo = {name: os.environ[name] for name in ("PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME") if name in os.environ}
        said = run("cargo", "build", "--locked", "--release", "--bin", "none", "--manifest-path", f"{folder}/Cargo.toml", **cargo)
        if not said or "no bin target named `none`" not in said[0]:
            found += said or ["cargo has built a target that does not exist"]
    return found


def systemd():
    """The unit as systemd reads it, in a separate root with the program and the targets that it names."""
    unit = ROOT / "systemd/logmark.service"
    with tempfile.TemporaryDirectory() as root:
        units = Path(root) / "etc/systemd/system"
        units.mkdir(parents=True)
        shutil.copy(unit, units)
        # systemd looks for the program in the folders of this machine, not in those of the root.
        (units / unit.name).write_text(unit.read_text().replace("ExecStart=logmark ", "ExecStart=/usr/bin/logmark "))
        program = Path(root) / "usr/bin/logmark"
        program.parent.mkdir(parents=True)
        shutil.copy("/bin/true", program)
        kill = Path(root) / "bin/kill"
        kill.parent.mkdir(parents=True)
        shutil.copy("/bin/true", kill)
        for target in ("sysinit", "basic", "shutdown", "network-online", "multi-user"):
            (units / f"{target}.target").write_text(f"[Unit]\nDescription={target}\n")
        found = run("systemd-analyze", "verify", "--man=no", f"--root={root}", units / unit.name)
    return found + run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", unit)


def against_schema(name, path):
    """Errors in a YAML file by a schema of check-jsonschema."""
    files = importlib.metadata.files("check-jsonschema")
    schema = json.loads(next(file for file in files if file.match(f"builtin_schemas/vendor/{name}.json")).read_text())
    # BaseLoader turns numbers into strings. GitHub's key `on` is `true` in YAML 1.1.
    file = json.loads(json.dumps(yaml.safe_load(path.read_text().replace("\non:", '\n"on":'))))
    validator = jsonschema.validators.validator_for(schema)(schema)
    return file, [f"{path.name}: {error.json_path}: {error.message}" for error in validator.iter_errors(file)]


def compose():
    """The compose files: valid for Compose, published on loopback only, with an existing Dockerfile."""
    found = []
    for path in (ROOT.parent / "compose.yaml", ROOT / "container/compose.cloudwatch.yaml"):
        file, mistakes = against_schema("compose-spec", path)
        found += mistakes
        for name, service in file["services"].items():
            is_open = [port for port in service["ports"] if not str(port).startswith("127.0.0.1:")]
            found += [f"{path.name}: {name}: the port {port} is open to other machines" for port in is_open]
            if not (ROOT.parent / service["build"]["dockerfile"]).is_file():
                found.append(f"{path.name}: {name}: its Dockerfile is missing")
    return found


def workflows():
    """GitHub's workflows: schema, and zizmor's findings about permissions, injections and pins."""
    paths = sorted((ROOT.parent / ".github/workflows").glob("*.yml"))
    found = [each for path in paths for each in against_schema("github-workflows", path)[1]]
    found += run(BIN / "zizmor", "--offline", "--no-progress", "--quiet", "--config", ROOT / "tools/zizmor.yml", *paths)
    return found if paths else ["there are no workflows"]


def examples():
    """`terraform apply` needs each variable without a default: terraform.tfvars.example names exactly those."""
    found = []
    for folder in sorted(ROOT.glob("terraform/examples/*")):
        required = {block.labels[0] for block in terraform.Module(folder).of("variable") if "default" not in block.attributes}
        given = set(re.findall(r"^(\w+) *=", (folder / "terraform.tfvars.example").read_text(), re.MULTILINE))
        found += [f"{folder.name}/terraform.tfvars.example: `{name}` is missing" for name in sorted(required - given)]
        found += [f"{folder.name}/terraform.tfvars.example: `{name}` is not a variable without a default" for name in sorted(given - required)]
    return found


def access_logs():
    """The format is the same in its file and in the templates, which cannot read the file."""
    line = json.dumps(json.loads((ROOT / "access-logs/format.json").read_text()), separators=(",", ":"))
    places = ["sam/rest-api.yaml", "sam/http-api.yaml", "sam/access-logs.yaml"]
    found = [f"{place}: the format is not that of access-logs/format.json" for place in places if f"'{line}'" not in (ROOT / place).read_text()]
    # Reports know this template by name, as `all-reports`; a test there proves that no report lacks a field of it.
    template = (ROOT.parent / "crates/access-log/src/all_reports.template").read_text().strip()
    found += [] if line == template else ["access-logs/format.json: not the template of crates/access-log/src/all_reports.template"]
    return found + ([] if len(line) <= 3072 else ["access-logs/format.json: API Gateway takes 3 KB"])


def document():
    return ["the document for API Gateway is old: python3 infra/tools/api_gateway.py"] if api_gateway.main(["--check"]) else []


def roles():
    return ["the roles are not what Logmark calls"] if policies.main() else []


def own_tests():
    return run(sys.executable, "-m", "unittest", "discover", "--start-directory", ROOT / "tools", "--pattern", "test_*.py")


CHECKS = [
    checkov, sam, cloudformation, own_tests, modules, examples, roles, container, compose, systemd, workflows, access_logs, document,
]


def timed(check):
    begin = time.monotonic()
    try:
        found = check()
    except Exception as error:  # A failing check has not passed.
        found = [f"{check.__name__}: {type(error).__name__}: {error}"]
    return check.__name__, found, time.monotonic() - begin


def main():
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(timed, CHECKS))
    for name, found, seconds in results:
        print(f"infra: {name}: {'ok' if not found else f'{len(found)} errors'} ({seconds:.1f} s)")
        for each in found:
            print(f"  {each}")
    return 1 if any(found for _, found, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
