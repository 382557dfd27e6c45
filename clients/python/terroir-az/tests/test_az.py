"""The commands through the real ``az``: the built wheel, a ``terroir``, no login.

TERROIR_COMMAND names the program; this Python has azure-cli. The wheel is the build's, in `clients/target/wheels`.
"""

import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
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


def made_secret(output: bytes) -> str:
    """The secret of a token that was made."""
    return str(json.loads(output)["secret"]) + "\n"


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
        self.assertEqual("team", self.json("ml", "workspace", "show")["name"])
        self.write("sleep.py", "import time\ntime.sleep(600)\n")
        sleeping = self.json(*submit, "--async", "sleep.py")
        canceled = self.json("ml", "run", "cancel", "-r", sleeping["runId"])
        self.assertEqual("Canceled", canceled["status"])
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
            self.assertEqual("m:1", self.json("ml", "model", "show", "-i", "m:1")["id"])
            shown = self.json("ml", "service", "show", "-n", "test-az")
            self.assertEqual(service["scoringUri"], shown["scoringUri"])
            keys = self.run_az("ml", "service", "get-keys", "-n", "test-az")
            self.assertEqual(2, keys.returncode, keys.stdout)
            self.assertIn("asks for no key", keys.stderr)
            run = ("ml", "service", "run", "-n", "test-az", "-d")
            self.assertEqual("one-a", self.json(*run, '{"x": "a"}'))
            self.assertIn("the model is read", self.said("ml", "service", "get-logs", "-n", "test-az"))
            self.write("model.txt", "two-")
            self.said("ml", "model", "register", "-n", "m", "-p", "model.txt")
            self.said("ml", "service", "update", "-n", "test-az", "-m", "m:2", "--ic", "ic.json")
            self.assertEqual("two-a", self.json(*run, '{"x": "a"}'))
            self.assertEqual("test-az", self.table("ml", "service", "list")[1][0])
            self.check_keys(shown["scoringUri"])
        finally:
            self.said("ml", "service", "delete", "-n", "test-az")
        self.assertEqual([], self.json("ml", "service", "list"))
        self.said("ml", "model", "download", "-i", "m:1", "-t", "copy")
        with open(os.path.join(self.project, "copy", "model.txt")) as text:
            self.assertEqual("one-", text.read())
        self.said("ml", "model", "delete", "-i", "m:1")
        self.said("ml", "model", "delete", "-i", "m:2")
        self.assertEqual([], self.json("ml", "model", "list"))

    def check_keys(self, address: str) -> None:
        """The service asks for a key from now on."""
        self.write("keyed.json", json.dumps({"computeType": "LOCAL", "authEnabled": True}))
        asking = ("-m", "m:2", "--ic", "ic.json", "--dc", "keyed.json")
        self.said("ml", "service", "update", "-n", "test-az", *asking)
        keys = self.json("ml", "service", "get-keys", "-n", "test-az")
        self.assertEqual(["primaryKey", "secondaryKey"], list(keys))
        self.assertEqual(2, len(set(filter(None, keys.values()))))
        row = self.table("ml", "service", "get-keys", "-n", "test-az")
        self.assertEqual([["PrimaryKey", "SecondaryKey"], list(keys.values())], row)
        asked = urllib.request.Request(address, data=b'{"x": "a"}')
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked)
        self.assertEqual(401, refused.exception.code)
        for key in keys.values():
            asked.add_header("Authorization", "Bearer " + key)
            with urllib.request.urlopen(asked) as answer:
                self.assertEqual("two-a", json.load(answer))
        self.assertEqual("two-a", self.json("ml", "service", "run", "-n", "test-az", "-d", '{"x": "a"}'))

    def test_a_folder_of_a_workspace_on_a_server(self) -> None:
        openssl = shutil.which("openssl")
        if openssl is None:
            raise AssertionError("install openssl")
        certificate, key = os.path.join(self.project, "cert.pem"), os.path.join(self.project, "key.pem")
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.said("ml", "workspace", "create", "-n", "team")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        terroir = [self.environment["TERROIR_COMMAND"]]
        environment = dict(self.environment, TERROIR_HOME=self.home, PIP_CERT=certificate)
        made = subprocess.run(
            terroir + ["token", "create", "-n", "az", "--role", "contributor", "-w", "team", "--output", "json"],
            cwd=self.project, env=environment, check=True, stdout=subprocess.PIPE)
        with open(os.path.join(self.project, "server.log"), "w", encoding="utf-8") as log:
            server = subprocess.Popen(
                terroir + ["serve", "-w", "team", "--listen", "127.0.0.1:{}".format(port), "--tls-certificate",
                           certificate, "--tls-key", key],
                cwd=self.project, env=environment, stdout=log, stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        endpoint = "https://localhost:{}".format(port)
        login = terroir + ["login", "--endpoint", endpoint]
        for _ in range(100):
            done = subprocess.run(login, cwd=self.project, env=environment, input=made_secret(made.stdout),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
            if done.returncode == 0:
                break
            time.sleep(0.3)
        self.assertEqual(0, done.returncode, done.stderr)
        self.environment = environment

        self.write("there/readme", "")
        attached = self.json("ml", "folder", "attach", "-w", endpoint, "-g", "group", "--path", "there")
        self.assertEqual(("team", endpoint), (attached["name"], attached["endpoint"]))
        with open(os.path.join(self.project, "there", ".azureml", "config.json")) as text:
            config = json.load(text)
        self.assertEqual(("team", endpoint), (config["workspace_name"], config["endpoint"]))
        self.assertNotIn("terroir_workspace", config)
        self.said("ml", "environment", "scaffold", "-n", "there", "-d", "env")
        self.make_user_managed("env")
        self.said("ml", "environment", "register", "-d", "env", "--path", "there")
        listed = self.json("ml", "environment", "list", "--path", "there")
        self.assertIn("there", [one["name"] for one in listed])
        with open(os.path.join(self.project, "server.log"), encoding="utf-8") as log:
            self.assertIn('"registerEnvironment"', log.read())

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

    def test_a_log_line_that_looks_like_an_error_is_shown(self) -> None:
        self.write("talk.py", "print('before')\nprint('error: only a word [of-the-log]')\nprint('after')\n")
        self.write("fail.py", "print('error: a word')\nraise SystemExit(3)\n")
        self.said("ml", "folder", "attach", "--path", ".")
        submit = ("ml", "run", "submit-script", "-c", "local", "-e", "demo")
        done = self.run_az(*submit, "talk.py")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual("Completed", json.loads(done.stdout)["status"])
        said = [line for line in done.stderr.splitlines() if line in ("before", "after") or "[of-the-log]" in line]
        self.assertEqual(["before", "error: only a word [of-the-log]", "after"], said)
        failed = self.run_az(*submit, "fail.py")
        self.assertEqual(1, failed.returncode, failed.stderr)
        self.assertEqual(1, failed.stderr.count("error: a word"), failed.stderr)
        self.assertEqual(1, failed.stderr.count("exit code 3"), failed.stderr)

    def test_datastores(self) -> None:
        self.assertEqual("workspaceblobstore", self.json("ml", "datastore", "show-default")["name"])
        os.makedirs(os.path.join(self.project, "images"))
        images = ("-n", "images")
        self.said("ml", "datastore", "register", *images, "-d", "images")
        self.assertFalse(self.json("ml", "datastore", "show", *images)["isDefault"])
        self.assertTrue(self.json("ml", "datastore", "set-default", *images)["isDefault"])
        self.assertIn("images", [row[0] for row in self.table("ml", "datastore", "list")])
        self.write("data/a.txt", "one")
        upload = ("ml", "datastore", "upload", *images, "-p", "data", "-u", "deep")
        self.assertEqual(1, self.json(*upload)["files"])
        self.write("data/a.txt", "two")
        self.assertEqual(1, self.json(*upload)["skipped"])
        self.assertEqual(1, self.json(*upload, "--overwrite", "true", "--hide-progress")["files"])
        got = self.json("ml", "datastore", "download", *images, "-p", "deep", "-d", "back")
        self.assertEqual(1, got["files"])
        with open(os.path.join(self.project, "back", "deep", "a.txt")) as text:
            self.assertEqual("two", text.read())
        self.said("ml", "datastore", "detach", *images)
        self.said("ml", "datastore", "register", "-n", "own")
        self.said("ml", "datastore", "unregister", "-n", "own")
        names = [one["name"] for one in self.json("ml", "datastore", "list")]
        self.assertEqual(["workspaceblobstore", "workspacefilestore"], names)

    def test_compute_targets(self) -> None:
        words = "-n cpu -s STANDARD_D2 --min-nodes 0 --max-nodes 2 --idle-seconds-before-scaledown 9"
        made = self.json("ml", "computetarget", "create", "amlcompute", *words.split())
        self.assertEqual(("cpu", 2), (made["name"], made["maxNodes"]))
        self.said("ml", "computetarget", "update", "amlcompute", "-n", "cpu", "--max-nodes", "4")
        self.assertEqual(4, self.json("ml", "computetarget", "show", "-n", "cpu")["maxNodes"])
        self.assertEqual(["cpu", "AmlCompute"], self.table("ml", "computetarget", "list")[1][:2])
        network = self.run_az(*"ml computetarget create amlcompute -n net --vnet-name v".split())
        self.assertEqual(2, network.returncode)
        self.assertIn("`--vnet-name` is not offered", network.stderr)
        self.said("ml", "computetarget", "delete", "-n", "cpu")
        names = [one["name"] for one in self.json("ml", "computetarget", "list")]
        self.assertEqual(["docker", "local"], names)

    def test_what_terroir_does_not_have_says_what_to_use(self) -> None:
        made = self.json("ml", "workspace", "create", "-n", "team")
        self.assertEqual("team", self.json("ml", "workspace", "list")[0]["name"])
        for words, use in (
            ("computetarget create aks -n c", "az ml model deploy"),
            ("computetarget create computeinstance -n c", "name the target `local`"),
            ("computetarget attach aks -n c -i id", "az ml model deploy"),
            ("computetarget attach remote -n c -a host -u me", "terroir serve"),
            ("computetarget detach -n c", "az ml computetarget delete"),
            ("datastore attach-blob -n d -a account -c container", "az ml datastore register"),
            ("datastore attach-file -n d --share-name s", "az ml datastore register"),
            ("workspace delete -w team -y", "`rm -r {}`".format(made["directory"])),
        ):
            refused = self.run_az("ml", *words.split())
            self.assertEqual(2, refused.returncode, refused.stdout + refused.stderr)
            self.assertIn(use, refused.stderr)
        self.assertTrue(os.path.isdir(made["directory"]))


if __name__ == "__main__":
    unittest.main()
