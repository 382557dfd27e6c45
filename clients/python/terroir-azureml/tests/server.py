"""A workspace on a server that the tests start."""

import contextlib
import io
import os
import shutil
import tempfile
import unittest
from unittest import mock


def command():
    """The program, when there is one."""
    return os.environ.get("TERROIR_COMMAND") or shutil.which("terroir")


def printed(work):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        work()
    return out.getvalue()


@unittest.skipUnless(command(), "needs the terroir program: name it in TERROIR_COMMAND")
class OnAServer(unittest.TestCase):
    """Each class has a home, a project folder and a workspace of its own."""

    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="terroir-azureml-")
        cls.project = os.path.join(cls.root, "project")
        os.makedirs(cls.project)
        cls.kept = mock.patch.dict(os.environ, TERROIR_HOME=os.path.join(cls.root, "home"), TERROIR_COMMAND=command())
        cls.kept.start()
        for variable in ("AZUREML_RUN_ID", "TERROIR_WORKSPACE", "AZUREML_MODEL_DIR"):
            os.environ.pop(variable, None)
        cls.before = os.getcwd()
        os.chdir(cls.project)
        with open("config.json", "w") as stream:
            stream.write('{"subscription_id": "s", "resource_group": "g", "workspace_name": "ws-of-tests"}')
        from azureml.core import Workspace

        cls.ws = Workspace.from_config()

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.before)
        with contextlib.suppress(Exception):
            import json
            import signal

            with open(os.path.join(cls.ws._service.directory, "server", "server.json")) as stream:
                os.kill(json.load(stream)["pid"], signal.SIGTERM)
        cls.kept.stop()
        shutil.rmtree(cls.root, ignore_errors=True)

    def write(self, name, text):
        folder = os.path.dirname(name)
        if folder:
            os.makedirs(folder, exist_ok=True)
        with open(name, "w") as stream:
            stream.write(text)
        return name


def wheel(folder, name="shout", version="1.0"):
    """A small wheel."""
    import zipfile

    path = os.path.join(folder, "{}-{}-py3-none-any.whl".format(name, version))
    info = "{}-{}.dist-info".format(name, version)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name + ".py", "def shout(text):\n    return text.upper()\n")
        archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\nName: {}\nVersion: {}\n".format(name, version))
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(info + "/RECORD", "".join("{},,\n".format(n) for n in (name + ".py", info + "/METADATA", info + "/WHEEL", info + "/RECORD")))
    return path


