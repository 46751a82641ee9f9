"""Builds packages from a binary and its files.

    dist.py pack BINARY FOLDER       FOLDER/logmark-VERSION-MACHINE-linux.tar.gz, and FOLDER/stage for cargo-deb
    dist.py checksums FOLDER         FOLDER/SHA256SUMS of every package in it

The same binary gives the same archive, byte for byte: sorted, owned by root, with the time of SOURCE_DATE_EPOCH (default 0).
A binary that needs other libraries than the C library, or a newer C library than GLIBC, is refused: the archive must run on every
distribution that infra/README.md names.
"""

import gzip
import hashlib
import io
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Amazon Linux 2023 and RHEL 9 have 2.34, Ubuntu 22.04 has 2.35, Debian 12 has 2.36.
GLIBC = (2, 34)
LIBRARIES = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
# ELF's e_machine.
MACHINES = {62: "x86_64", 183: "aarch64"}
# Files of the archive beside the binary: path in the archive, and source.
FILES = {
    "LICENSE": "LICENSE",
    "README.md": "infra/package/README.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "etc/logmark.toml": "infra/systemd/logmark.toml",
    "etc/environment": "infra/systemd/environment",
    "man/logmark.1": "infra/package/logmark.1",
    "openapi.json": "openapi/openapi.json",
    "systemd/logmark.service": "infra/systemd/logmark.service",
}
# The pages of docs/ that are useful without the repository.
PAGES = (
    "audit.md",
    "audit.schema.json",
    "aws-protocol.md",
    "command-line.md",
    "configuration.md",
    "iam.md",
    "identity.md",
    "importing.md",
    "live-tail-cloudwatch.md",
    "live-tail.md",
    "monitoring.md",
    "policy-tests.md",
    "production.md",
    "row-rules-and-masks.md",
    "security.md",
    "troubleshooting.md",
)
FILES |= {f"docs/{page}": f"docs/{page}" for page in PAGES}
# Printed by the binary: path in the archive, and shell.
COMPLETIONS = {"completions/logmark.bash": "bash", "completions/_logmark": "zsh", "completions/logmark.fish": "fish"}


class Refused(Exception):
    """The reason why no package is built."""


def version():
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def machine(binary):
    """The processor architecture of the binary."""
    head = binary.read_bytes()[:20]
    if head[:4] != b"\x7fELF" or head[4] != 2:
        raise Refused(f"{binary} is not a 64-bit ELF binary")
    number = struct.unpack("<H", head[18:20])[0]
    if number not in MACHINES:
        raise Refused(f"{binary} is for a processor that is not known here (ELF machine {number})")
    return MACHINES[number]


def objdump(*arguments):
    done = subprocess.run(["objdump", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"objdump: {done.stderr.strip()}")
    return done.stdout


def check_portable(binary):
    """Refuses a binary that would not start on other machines."""
    needed = set(re.findall(r"^\s+NEEDED\s+(\S+)$", objdump("-p", binary), re.MULTILINE))
    if needed - LIBRARIES:
        raise Refused(f"{binary} needs {', '.join(sorted(needed - LIBRARIES))}, which not every machine has")
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_(\d+\.\d+)", objdump("-T", binary))}
    newest = max(versions, default=(0, 0))
    if newest > GLIBC:
        raise Refused(f"{binary} needs glibc {newest[0]}.{newest[1]}; the packages promise {GLIBC[0]}.{GLIBC[1]}")


def add(archive, name, content, mode, when):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), mode, when
    entry.uname = entry.gname = "root"
    archive.addfile(entry, io.BytesIO(content))


def archive(top, files, when):
    """The bytes of the .tar.gz."""
    packed = io.BytesIO()
    # Without a name and a time in gzip's header.
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0, compresslevel=6) as squeezed:
        with tarfile.open(fileobj=squeezed, mode="w", format=tarfile.USTAR_FORMAT) as made:
            for name, (content, mode) in sorted(files.items()):
                add(made, f"{top}/{name}", content, mode, when)
    return packed.getvalue()


def without_dead_links(name, content):
    """The file without Markdown links to files that the packages do not have: their text stays, with a note.

    The Debian package has no CHANGELOG.md and no folders, so only links between pages of docs/ work in both packages.
    """
    if not (name.startswith("docs/") and name.endswith(".md")):
        return content

    def link(found):
        text, target = found["text"], found["target"]
        is_packed = target.startswith(("https:", "http:", "#")) or f"docs/{target.partition('#')[0]}" in FILES
        return found[0] if is_packed else f"{text} (in the source repository)"

    return re.sub(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)", link, content.decode()).encode()


def completions(binary, shell):
    done = subprocess.run([binary.resolve(), "completions", shell], capture_output=True)
    if done.returncode:
        raise Refused(f"{binary} completions {shell}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def pack(binary, folder):
    binary, folder = Path(binary), Path(folder)
    check_portable(binary)
    top = f"logmark-{version()}-{machine(binary)}-linux"
    files = {name: (without_dead_links(name, (ROOT / source).read_bytes()), 0o644) for name, source in FILES.items()}
    files |= {name: (completions(binary, shell), 0o644) for name, shell in COMPLETIONS.items()}
    files["bin/logmark"] = (binary.read_bytes(), 0o755)
    stage = folder / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    for name, (content, mode) in files.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).write_bytes(content)
        (stage / name).chmod(mode)
    made = folder / f"{top}.tar.gz"
    made.write_bytes(archive(top, files, int(os.environ.get("SOURCE_DATE_EPOCH", "0"))))
    print(made)


def checksums(folder):
    """The checksums in the format of `sha256sum --check`."""
    folder = Path(folder)
    packages = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    if not packages:
        raise Refused(f"{folder} has no packages")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in packages]
    (folder / "SHA256SUMS").write_text("".join(lines))
    print("".join(lines), end="")


def main(arguments):
    try:
        match arguments:
            case ["pack", binary, folder]:
                pack(binary, folder)
            case ["checksums", folder]:
                checksums(folder)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (Refused, OSError) as error:
        print(f"dist: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
