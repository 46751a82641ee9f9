"""Tests of dist.py, of the Debian package's files, and of the roles' trust policies."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import unittest
from pathlib import Path
from unittest import mock

import cfn
import dist
from test_templates import GIVEN

ROOT = Path(__file__).resolve().parents[2]
# A program that needs only the C library.
PROGRAM = "/bin/true"


class Packages(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch("builtins.print"))

    def pack(self, name, **environment):
        folder = self.folder / name
        folder.mkdir()
        with mock.patch.dict(os.environ, environment):
            self.assertEqual(dist.main(["pack", PROGRAM, str(folder)]), 0)
        (archive,) = folder.glob("*.tar.gz")
        return archive

    def test_the_same_binary_gives_the_same_archive(self):
        one, two = self.pack("one"), self.pack("two")
        self.assertEqual(one.read_bytes(), two.read_bytes())
        self.assertNotEqual(one.read_bytes(), self.pack("three", SOURCE_DATE_EPOCH="1").read_bytes())
        self.assertEqual(one.name, f"logmark-{dist.version()}-{os.uname().machine}-linux.tar.gz")

    def test_it_holds_what_belongs_to_the_program(self):
        with tarfile.open(self.pack("one")) as archive:
            entries = {entry.name.split("/", 1)[1]: entry for entry in archive}
            self.assertEqual(sorted(entries), sorted([*dist.FILES, *dist.COMPLETIONS, "bin/logmark"]))
            self.assertEqual(list(entries), sorted(entries))
            for name, entry in entries.items():
                self.assertEqual((entry.uname, entry.uid, entry.mtime), ("root", 0, 0))
                self.assertEqual(entry.mode, 0o755 if name == "bin/logmark" else 0o644)
            self.assertEqual(archive.extractfile(entries["bin/logmark"]).read(), Path(PROGRAM).read_bytes())
            self.assertEqual(archive.extractfile(entries["LICENSE"]).read(), (ROOT / "LICENSE").read_bytes())

    def test_links_of_the_pages_lead_to_files_of_the_packages(self):
        with tarfile.open(self.pack("one")) as archive:
            pages = {entry.name.split("/", 1)[1]: archive.extractfile(entry).read().decode() for entry in archive if "/docs/" in entry.name}
        self.assertEqual(len(pages), len(dist.PAGES))
        links = [(name, link) for name, page in pages.items() for link in re.findall(r"\]\(([^)#\s]+)", page)]
        self.assertIn(("docs/production.md", "configuration.md"), links)
        for name, link in links:
            self.assertTrue(link.startswith("http") or f"docs/{link}" in pages, f"{name}: {link}")
        self.assertIn("infra/README.md (in the source repository)", pages["docs/production.md"])

    def test_both_packages_have_the_same_pages_and_the_readme_lists_them(self):
        assets = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["metadata"]["deb"]["assets"]
        targets = {target for source, target, _ in assets if "/docs/" in source}
        self.assertEqual(targets, {f"usr/share/doc/logmark/{page}" for page in dist.PAGES})
        listed = re.findall(r"^\| `docs/([^`]+)` \|", (ROOT / "infra/package/README.md").read_text(), re.MULTILINE)
        self.assertEqual(sorted(listed), sorted(dist.PAGES))

    def test_the_checksums_are_right(self):
        archive = self.pack("one")
        shutil.rmtree(archive.parent / "stage")
        self.assertEqual(dist.main(["checksums", str(archive.parent)]), 0)
        expected = f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n"
        self.assertEqual((archive.parent / "SHA256SUMS").read_text(), expected)
        self.assertEqual(subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=archive.parent).returncode, 0)

    def test_what_would_not_start_elsewhere_is_refused(self):
        said = "  NEEDED               libssl.so.3\n  NEEDED               libc.so.6\n"
        with mock.patch.object(dist, "objdump", return_value=said), self.assertRaisesRegex(dist.Refused, "needs libssl.so.3"):
            dist.check_portable(PROGRAM)
        with mock.patch.object(dist, "objdump", return_value="0 (GLIBC_2.41) arc"), self.assertRaisesRegex(dist.Refused, "needs glibc 2.41"):
            dist.check_portable(PROGRAM)
        script = self.folder / "script"
        script.write_text("#!/bin/sh\n")
        self.assertEqual(dist.main(["pack", str(script), str(self.folder)]), 1)
        self.assertEqual(dist.main(["checksums", str(self.folder / "none")]), 1)

    def test_the_debian_package_names_files_that_are_there(self):
        deb = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["metadata"]["deb"]
        stage = self.pack("one").parent / "stage"
        for source, target, mode in deb["assets"]:
            staged = source.removeprefix("target/dist/stage/")
            self.assertTrue((stage / staged if staged != source else ROOT / source).is_file(), source)
            self.assertEqual(mode, "755" if "bin/" in target else "644", target)
        for script in ("postinst", "prerm", "postrm"):
            self.assertEqual(subprocess.run(["sh", "-n", ROOT / deb["maintainer-scripts"] / script]).returncode, 0)


class Trust(unittest.TestCase):
    def test_lambda_and_ecs_may_use_a_role_for_its_account_alone(self):
        role = cfn.Template(ROOT / "infra/sam/template.yaml", GIVEN).properties("Role")
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(list(statement["Condition"]["StringEquals"]), ["aws:SourceAccount"])
        for module in ("lambda", "fargate"):
            text = (ROOT / f"infra/terraform/{module}/main.tf").read_text()
            self.assertEqual(text.count("sts:AssumeRole"), text.count('variable = "aws:SourceAccount"'), module)


if __name__ == "__main__":
    unittest.main()
