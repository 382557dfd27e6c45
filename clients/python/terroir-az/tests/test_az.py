"""The commands through the real ``az``: the built wheel, a ``terroir``, no login.

TERROIR_COMMAND names the program; this Python has azure-cli. The wheel is the build's, in `clients/target/wheels`.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from typing import Any, List

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

SCORE = """\
import json, os
def init():
    global value
    print("the model is read")
    value = open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")).read()
def run(data):
    return value + json.loads(data)["x"]
"""

CONDA = """\
dependencies:
  - python={}.{}
  - pip:
      - azureml-defaults
""".format(*sys.version_info[:2])


class AzTest(unittest.TestCase):
    """One `az` with the extension; every test has a project and a Terroir home of its own."""

    az: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.az = tempfile.mkdtemp(prefix="terroir-az-")
        cls.addClassCleanup(shutil.rmtree, cls.az, ignore_errors=True)
        (wheel,) = glob.glob(os.path.join(HERE, "..", "..", "target", "wheels", "terroir_az-*.whl"))
        cls.environment = dict(
            os.environ,
            AZURE_CONFIG_DIR=os.path.join(cls.az, "config"),
            AZURE_EXTENSION_DIR=os.path.join(cls.az, "extensions"),
            AZURE_CORE_COLLECT_TELEMETRY="0",
            AZURE_CORE_NO_COLOR="1",
        )
        added = subprocess.run(
            [sys.executable, "-m", "azure.cli", "extension", "add", "--source", wheel, "-y"],
            env=cls.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        if added.returncode != 0:
            raise AssertionError(added.stdout + added.stderr)

    def setUp(self) -> None:
        self.project = tempfile.mkdtemp(prefix="terroir-az-project-")
        self.addCleanup(shutil.rmtree, self.project, ignore_errors=True)
        self.home = os.path.join(self.project, "home")

    def run_az(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "azure.cli"] + list(words),
            cwd=self.project,
            env=dict(self.environment, TERROIR_HOME=self.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )

    def said(self, *words: str) -> str:
        done = self.run_az(*words)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.said(*words))

    def write(self, name: str, text: str) -> str:
        file = os.path.join(self.project, name)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
        return file

    def table(self, *words: str) -> List[List[str]]:
        lines = self.said(*words, "-o", "table").splitlines()
        return [re.split(r"\s{2,}", line.strip()) for line in lines if not line.startswith("-")]

    def make_user_managed(self, directory: str) -> None:
        file = os.path.join(self.project, directory, "azureml_environment.json")
        with open(file, encoding="utf-8") as text:
            definition = json.load(text)
        definition["python"]["userManagedDependencies"] = True
        definition["environmentVariables"] = {"EDITED": "yes"}
        with open(file, "w", encoding="utf-8") as out:
            json.dump(definition, out)
        os.remove(os.path.join(self.project, directory, "conda_dependencies.yml"))

    def test_the_four_commands_of_the_guide(self) -> None:
        self.said("ml", "environment", "scaffold", "-n", "myenv", "-d", "myenvdir")
        self.make_user_managed("myenvdir")
        registered = self.json("ml", "environment", "register", "-d", "myenvdir")
        self.assertEqual(("myenv", "1"), (registered["name"], registered["version"]))
        listed = self.json("ml", "environment", "list")
        self.assertIn(("myenv", "1"), [(one["name"], one["version"]) for one in listed])
        self.said("ml", "environment", "download", "-n", "myenv", "-d", "downloaddir")
        with open(os.path.join(self.project, "downloaddir", "azureml_environment.json")) as text:
            self.assertEqual({"EDITED": "yes"}, json.load(text)["environmentVariables"])

        table = self.table("ml", "environment", "list", "-g", "group", "--subscription-id", "id")
        self.assertEqual(["Name", "Version"], table[0])
        self.assertIn(["myenv", "1"], table[1:])
        show = ("ml", "environment", "show", "-n", "myenv", "-v", "1")
        self.assertEqual("yes\n", self.said(*show, "--query", "environmentVariables.EDITED", "-o", "tsv"))
        again = self.run_az("ml", "environment", "download", "-n", "myenv", "-d", "downloaddir")
        self.assertEqual(2, again.returncode, again.stderr)
        self.said("ml", "environment", "download", "-n", "myenv", "-d", "downloaddir", "--overwrite")

    def test_a_run(self) -> None:
        self.said("ml", "workspace", "create", "-n", "team")
        attached = self.json("ml", "folder", "attach", "-w", "team", "-g", "group", "--path", ".")
        self.assertEqual("team", attached["name"])
        with open(os.path.join(self.project, ".azureml", "config.json")) as text:
            self.assertEqual("team", json.load(text)["workspace_name"])
        self.write("train.py", "import sys\nprint('epochs', sys.argv[1:])\nsys.exit(len(sys.argv) > 3)\n")
        submit = ("ml", "run", "submit-script", "-c", "local", "-e", "demo")
        done = self.run_az(*submit, "-t", "run.json", "train.py", "--epochs", "3")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("epochs ['--epochs', '3']", done.stderr)
        run = json.loads(done.stdout)
        self.assertEqual("Completed", run["status"])
        with open(os.path.join(self.project, "run.json")) as text:
            self.assertEqual(run["runId"], json.load(text)["runId"])
        failed = self.run_az(*submit, "train.py", "a", "b", "c")
        self.assertEqual(1, failed.returncode, failed.stderr)

        self.assertEqual(2, len(self.json("ml", "run", "list", "-e", "demo")))
        last = self.json("ml", "run", "list", "--last", "1")
        self.assertEqual(["Failed"], [one["status"] for one in last])
        shown = self.json("ml", "run", "show", "-r", run["runId"])
        self.assertEqual("demo", shown["experiment"])
        self.said("ml", "run", "download-logs", "-r", run["runId"], "-d", "logs")
        found = glob.glob(os.path.join(self.project, "logs", "**", "*driver_log.txt"), recursive=True)
        self.assertEqual(1, len(found))

    def test_a_model_and_its_service(self) -> None:
        self.said("ml", "environment", "scaffold", "-n", "own", "-d", "own")
        self.write("own/conda_dependencies.yml", CONDA)
        self.said("ml", "environment", "register", "-d", "own")
        self.write("model.txt", "one-")
        model = self.json("ml", "model", "register", "-n", "m", "-p", "model.txt", "--tag", "a=b")
        self.assertEqual("m:1", model["id"])
        self.write("app/score.py", SCORE)
        environment = self.json("ml", "environment", "show", "-n", "own")
        inference = {"entryScript": "score.py", "sourceDirectory": "app", "environment": environment}
        self.write("ic.json", json.dumps(inference))
        self.write("dc.json", json.dumps({"computeType": "LOCAL"}))
        deploy = ("ml", "model", "deploy", "-n", "test-az", "-m", "m:1")
        service = self.json(*deploy, "--ic", "ic.json", "--dc", "dc.json")
        try:
            self.assertEqual("Healthy", service["state"])
            run = ("ml", "service", "run", "-n", "test-az", "-d")
            self.assertEqual("one-a", self.json(*run, '{"x": "a"}'))
            self.assertIn("the model is read", self.said("ml", "service", "get-logs", "-n", "test-az"))
            self.write("model.txt", "two-")
            self.said("ml", "model", "register", "-n", "m", "-p", "model.txt")
            self.said("ml", "service", "update", "-n", "test-az", "-m", "m:2", "--ic", "ic.json")
            self.assertEqual("two-a", self.json(*run, '{"x": "a"}'))
            self.assertEqual("test-az", self.table("ml", "service", "list")[1][0])
        finally:
            self.said("ml", "service", "delete", "-n", "test-az")
        self.assertEqual([], self.json("ml", "service", "list"))
        self.said("ml", "model", "download", "-i", "m:1", "-t", "copy")
        with open(os.path.join(self.project, "copy", "model.txt")) as text:
            self.assertEqual("one-", text.read())
        self.said("ml", "model", "delete", "-i", "m:1")
        self.said("ml", "model", "delete", "-i", "m:2")
        self.assertEqual([], self.json("ml", "model", "list"))

    def test_an_error_is_what_terroir_says(self) -> None:
        words = ["environment", "show", "-n", "no-such"]
        by_az = self.run_az("ml", *words)
        by_terroir = subprocess.run(
            [os.environ["TERROIR_COMMAND"]] + words,
            cwd=self.project,
            env=dict(os.environ, TERROIR_HOME=self.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        self.assertEqual(2, by_terroir.returncode)
        self.assertEqual(2, by_az.returncode)
        self.assertIn(by_terroir.stderr.strip(), by_az.stderr)
        self.assertEqual("", by_az.stdout)

    def test_what_terroir_does_not_have_says_what_to_use(self) -> None:
        refused = self.run_az(
            *"ml computetarget create amlcompute -n c -s STANDARD_D2 --min-nodes 0".split()
        )
        self.assertEqual(2, refused.returncode)
        self.assertIn("name the target `local`", refused.stderr)


if __name__ == "__main__":
    unittest.main()
