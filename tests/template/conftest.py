"""Templates and IAM documents as `chatctl` writes them, without credentials and without AWS.

CHATCTL_BIN names the program. `plain` has every setting at its default, `full` every other value;
`voice` is `plain` with a function that may take the voice role.
"""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
STAGES = ["plain", "full", "voice"]


class Project:
    """A project's folder, and what the program says about its stages."""

    def __init__(self, folder, stage):
        self.folder = folder
        self.stage = stage

    def run(self, *arguments):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        command = [os.environ["CHATCTL_BIN"], "-q", "-s", self.stage, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session", params=STAGES)
def project(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "project"
    shutil.copytree(HERE / "project", folder)
    if request.param != "voice":
        return Project(folder, request.param)
    manifest = (HERE.parent.parent / "templates" / "stack.yaml").read_text(encoding="utf-8")
    grant = "      - invoke RefuseHandler\n"
    assert grant in manifest
    manifest = manifest.replace(grant, grant + "      - assume VoiceAccess\n", 1)
    (folder / "templates").mkdir()
    (folder / "templates" / "stack.yaml").write_text(manifest, encoding="utf-8")
    return Project(folder, "plain")


@pytest.fixture(scope="session")
def template_file(project):
    file = project.folder / "template.json"
    file.write_text(project.run("synth"), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def template(template_file):
    return json.loads(template_file.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def documents(project):
    """The documents of every function and role, with region and account filled in."""
    return json.loads(project.run("policies", "--output", "json"))
