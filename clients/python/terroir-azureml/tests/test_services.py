"""Services, and images of the time before environments, on a real server with a small scoring process."""

import glob
import json
import os
import subprocess
import sys
import tarfile
import unittest
from unittest import mock

from azureml._terroir import engine
from azureml.core import Dataset, Environment, Image, Model, Webservice
from azureml.core.image import ContainerImage
from azureml.core.model import InferenceConfig, ModelPackage
from azureml.core.webservice import AciWebservice, AksEndpoint, AksWebservice, LocalWebservice
from azureml.exceptions import WebserviceException

from .server import OnAServer, printed

try:
    import pandas
except ImportError:
    pandas = None

# As much of the inference server as these tests ask of it.
_SERVER = '''
import http.server, importlib.util, json, os, sys
import azureml_inference_server_http.constants as constants

def run():
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    sys.path.append(os.environ["AML_APP_ROOT"])
    if os.environ.get("AZUREML_SOURCE_DIRECTORY"):
        sys.path.append(os.path.join(os.environ["AML_APP_ROOT"], os.environ["AZUREML_SOURCE_DIRECTORY"]))
    spec = importlib.util.spec_from_file_location("entry_module", options["--entry_script"])
    entry = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(entry)
    entry.init()
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def do_GET(self):
            self.answer(b"Healthy")
        def do_POST(self):
            length = int(self.headers.get("Content-Length") or -1)
            data = b""
            if length >= 0:
                data = self.rfile.read(length)
            else:
                while True:
                    size = int(self.rfile.readline(), 16)
                    data += self.rfile.read(size)
                    self.rfile.readline()
                    if size == 0:
                        break
            self.answer(json.dumps(entry.run(data.decode())).encode())
        def log_message(self, *_):
            pass
    http.server.ThreadingHTTPServer((constants.DEFAULT_HOST, int(options["--port"])), Handler).serve_forever()
'''


class Services(OnAServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        python = os.path.join(cls.root, "python")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", python], check=True)
        (libraries,) = glob.glob(os.path.join(python, "lib", "python*", "site-packages"))
        package = os.path.join(libraries, "azureml_inference_server_http")
        os.makedirs(package)
        for name, text in (("__init__.py", ""), ("constants.py", "DEFAULT_HOST = '0.0.0.0'\n"), ("amlserver.py", _SERVER)):
            with open(os.path.join(package, name), "w") as stream:
                stream.write(text)
        cls.environment = Environment("serving")
        cls.environment.environment_variables = {}
        cls.environment.python.user_managed_dependencies = True
        cls.environment.python.interpreter_path = os.path.join(python, "bin", "python")
        with open("model.txt", "w") as stream:
            stream.write("the model")
        cls.model = Model.register(cls.ws, "model.txt", "small", tags={"area": "x"})

    @classmethod
    def tearDownClass(cls):
        for service in Webservice.list(cls.ws):
            service.delete()
        super().tearDownClass()

    def on_small_python(self):
        """Images name packages; these tests have none to fetch."""
        return mock.patch.object(InferenceConfig, "_environment", lambda config, workspace: self.environment)

    def test_read_their_folder_by_its_name_and_their_changed_script(self):
        self.write("source/data.txt", "data")
        self.write("source/deep/beside.py", "X = '!'\n")
        script = "import os\ndef init():\n  global said\n  said = open('./source/data.txt').read()\ndef run(raw):\n  import beside\n  return '{} ' + said + beside.X + raw\n"
        self.write("source/deep/score.py", script.format("one"))
        config = InferenceConfig(entry_script="deep/score.py", source_directory="source", environment=self.environment)
        service = Model.deploy(self.ws, "local-one", [self.model], config, LocalWebservice.deploy_configuration())
        service.wait_for_deployment()
        self.assertEqual(service.run("1"), "one data!1")
        self.write("source/deep/score.py", script.format("two"))
        service.reload()
        self.assertEqual(service.run("1"), "two data!1")
        again = Webservice(self.ws, "local-one")
        self.assertIsInstance(again, LocalWebservice)
        again.reload(wait=True)
        self.assertEqual(again.run("1"), "two data!1")
        with self.assertRaises(WebserviceException) as raised:
            service.update(deployment_config=LocalWebservice.deploy_configuration(port=service.port + 1))
        self.assertIn("keeps its port", raised.exception.message)

    def test_are_made_of_images_and_of_their_configurations(self):
        self.write("old.py", "import os, helper\nfrom pkg import more\ndef init():\n  pass\ndef run(raw):\n  return helper.NAME + more.NAME + raw\n")
        self.write("helper.py", "NAME = 'helped '\n")
        self.write("pkg/more.py", "NAME = 'more '\n")
        config = ContainerImage.image_configuration("old.py", "python", dependencies=["helper.py", "pkg"], tags={"area": "x"}, description="d")
        with self.on_small_python():
            image = ContainerImage.create(self.ws, "my-image", [self.model], config)
            self.assertEqual((image.name, image.version, image.id, image.tags), ("my-image", 1, "my-image:1", {"area": "x"}))
            self.assertEqual(Image.create(self.ws, "my-image", [], config).version, 2)
            service = Webservice.deploy_from_model(self.ws, "of-model", [self.model], config, AksWebservice.deploy_configuration())
        self.assertEqual([found.version for found in Image.list(self.ws, image_name="my-image")], [1, 2])
        self.assertEqual([found.version for found in Image.list(self.ws, model_name="small", tags=["area"])], [1])
        self.assertEqual(Image(self.ws, "my-image").version, 2)
        with self.assertRaises(WebserviceException):
            Image(self.ws, "absent")
        image.add_tags({"b": "1"})
        self.assertEqual(Image(self.ws, id="my-image:1").tags, {"area": "x", "b": "1"})
        made = Webservice.deploy_from_image(self.ws, "of-image", image, AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1))
        text = printed(lambda: made.wait_for_deployment(show_output=True))
        self.assertIn('ACI service creation operation finished, operation "Succeeded"', text)
        self.assertEqual(made.run(bytes(json.dumps("1"), "utf-8")), 'helped more "1"')
        self.assertEqual([model.id for model in made.models], ["small:1"])
        service.wait_for_deployment()
        self.assertEqual(service.run("2"), "helped more 2")
        token, refresh_by = service.get_token()
        self.assertEqual(token, service.get_keys()[0])
        self.assertGreater(refresh_by.timestamp(), 0)
        service.update(image=image)
        self.assertEqual(service.run("3"), "helped more 3")
        image.delete()
        self.assertEqual([found.version for found in Image.list(self.ws)], [2])

    @unittest.skipUnless(engine.found() == "podman", "needs podman")
    def test_are_packaged_as_images_of_this_machine(self):
        def podman(*words):
            done = subprocess.run(["podman", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
            self.assertEqual(done.returncode, 0, done.stdout)
            return done.stdout

        # An image of an environment that needs nothing from elsewhere.
        base = self.ws._service.url().split("//")[1] + "/azureml/azureml_0123456789abcdef0123456789abcdef:latest"
        self.write("base/Dockerfile", "FROM scratch\nCOPY told /told\n")
        self.write("base/told", "of the environment")
        podman("build", "--tag", base, "base")
        self.addCleanup(podman, "rmi", "--force", base, "packaged-test:of-tests")
        podman("push", "--tls-verify=false", "--creds", "any:" + self.ws._service.token(), base)
        podman("rmi", base)
        self.write("packaged.py", "def init():\n  pass\ndef run(raw):\n  return raw\n")
        config = InferenceConfig(entry_script="packaged.py", environment=self.environment)
        with mock.patch.object(ModelPackage, "location", base), mock.patch.object(Environment, "build"):
            package = Model.package(self.ws, [self.model], config, image_name="packaged-test", image_label="of-tests")
            self.assertEqual(package.pull(), "packaged-test:of-tests")
            with self.assertRaises(WebserviceException):
                Model.package(self.ws, [self.model], config, generate_dockerfile=True).pull()
        self.assertIn("AZUREML_ENTRY_SCRIPT=packaged.py", podman("image", "inspect", "packaged-test:of-tests"))
        podman("save", "--quiet", "--output", "packaged.tar", "packaged-test:of-tests")
        held = set()
        with tarfile.open("packaged.tar") as image:
            for member in image.getmembers():
                if member.name.endswith(".tar"):
                    with tarfile.open(fileobj=image.extractfile(member)) as layer:
                        held.update(layer.getnames())
        self.assertLessEqual({"told", "var/azureml-app/packaged.py", "var/azureml-models/model.txt"}, held)

    def test_of_old_configurations_get_a_scoring_server(self):
        self.write("env.yml", "name: old\ndependencies:\n- python=3.11\n- pip:\n  - numpy\n")
        self.write("score.py", "")
        config = InferenceConfig(entry_script="score.py", runtime="python", conda_file="env.yml")
        self.assertEqual(list(config._environment(self.ws).python.conda_dependencies.pip_packages), ["numpy", "azureml-defaults"])
        with self.assertRaises(WebserviceException):
            InferenceConfig(entry_script="score.py", runtime="spark-py")
        with self.assertRaises(WebserviceException):
            ContainerImage.image_configuration("score.py", "python", dependencies=["absent.txt"])

    def test_without_a_script_score_by_their_framework(self):
        from azureml.core._no_code import config_of_framework

        sklearn = Model.register(self.ws, "model.txt", "of-sklearn", model_framework=Model.Framework.SCIKITLEARN, model_framework_version="0.22.1")
        config = config_of_framework([sklearn], self.project)
        packages = config.environment.python.conda_dependencies
        self.assertIn("scikit-learn==0.22.1", list(packages.pip_packages))
        self.assertEqual(packages.get_python_version(), "3.8")
        with open(config.entry_script) as stream:
            compile(stream.read(), "score.py", "exec")
        with self.assertRaises(WebserviceException) as raised:
            Model.deploy(self.ws, "no-script", [self.model])
        self.assertIn("does not score by itself", raised.exception.message)
        with self.assertRaises(WebserviceException):
            Model.deploy(self.ws, "no-script", [])

    @unittest.skipIf(pandas is None, "needs pandas")
    def test_are_timed_with_the_rows_of_a_dataset(self):
        self.write("timed.py", "import json\ndef init():\n  pass\ndef run(raw):\n  return json.loads(raw)\n")
        self.write("requests.txt", '{"a": 1}\n{"a": 2}\n')
        store = self.ws.get_default_datastore()
        store.upload_files(["requests.txt"], target_path="requests", show_progress=False)
        rows = Dataset.Tabular.from_delimited_files((store, "requests/requests.txt"), separator="\n", header=False)
        config = InferenceConfig(entry_script="timed.py", environment=self.environment)
        profile = Model.profile(self.ws, "my-profile", [self.model], config, input_dataset=rows, cpu=1.0, memory_in_gb=0.5)
        self.assertIn("Succeeded", printed(lambda: profile.wait_for_completion(True)))
        details = profile.get_details()
        self.assertEqual((details["totalQueries"], details["successQueriesPercentage"], details["requestedCpu"]), (2, 100, 1.0))
        self.assertGreater(details["averageLatencyInMs"], 0)
        self.assertNotIn("recommendedCpu", details)
        self.assertEqual([found.name for found in Webservice.list(self.ws) if found.name.startswith("profile-")], [])

    def test_go_on_where_nothing_is_collected(self):
        from azureml.monitoring import ModelDataCollector

        with self.assertLogs("azureml.monitoring", "WARNING"):
            collector = ModelDataCollector("m", designation="inputs", feature_names=["x"])
        self.assertEqual(collector.collect([1]), (False, None))

    def test_packages_have_the_folder_under_its_name(self):
        self.write("app-src/deep/score.py", "")
        config = InferenceConfig(entry_script="deep/score.py", source_directory="app-src", environment=self.environment)
        package = ModelPackage.__new__(ModelPackage)
        package.workspace, package._models, package._inference = self.ws, [self.model], config
        with mock.patch.object(ModelPackage, "location", "example.com/image:1"):
            package.save("package")
        with open("package/Dockerfile") as stream:
            text = stream.read()
        self.assertIn("AZUREML_SOURCE_DIRECTORY=app-src/deep\n", text)
        self.assertIn("/var/azureml-app/app-src/deep/score.py", text)
        self.assertTrue(os.path.isfile("package/app/app-src/deep/score.py"))
        self.assertTrue(os.path.isfile("package/models/model.txt"))

    def test_refuse_what_a_service_does_not_have(self):
        for refused in (lambda: AksEndpoint.deploy_configuration(), lambda: AksWebservice.deploy_configuration(primary_key="k")):
            with self.assertRaises(NotImplementedError):
                refused()


if __name__ == "__main__":
    unittest.main()
