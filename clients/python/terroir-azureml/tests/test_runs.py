"""Runs and services on a real server, with this interpreter."""

import importlib.util
import json
import os
import sys
import unittest

from azureml.core import Dataset, Environment, Experiment, Model, Run, ScriptRunConfig
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice, LocalWebservice, Webservice
from azureml.exceptions import ActivityFailedException, UserErrorException, WebserviceException

from .server import OnAServer, printed

TRAIN = """
import argparse, os
from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--data-folder")
parser.add_argument("--regularization", type=float)
args = parser.parse_args()
run = Run.get_context(allow_offline=False)
print("hello from", run.experiment.name, run.experiment.workspace.name)
print("read", open(os.path.join(args.data_folder, "a.csv")).read().strip() if args.data_folder else "nothing")
for step in range(3):
    run.log("loss", 1.0 / (step + 1), step=step)
run.log("regularization", args.regularization)
run.log_list("list", [1, 2, 3])
run.log_row("row", x=1, y=2.5)
run.log_table("table", {"a": [1, 2], "b": [3, 4]})
run.tag("stage", "trained")
os.makedirs("outputs", exist_ok=True)
with open("outputs/model.txt", "w") as stream:
    stream.write("weights")
with open("extra.txt", "w") as stream:
    stream.write("extra")
run.upload_file("kept/extra.txt", "extra.txt")
with run.child_run("child") as child:
    child.log("inner", 7)
print(sorted(run.get_metrics()))
run.complete()
"""

SCORE = """
import json, os

def init():
    global weights
    root = os.environ["AZUREML_MODEL_DIR"]
    with open(os.path.join(root, "model.txt")) as stream:
        weights = stream.read()

def run(raw_data):
    return {"weights": weights, "sum": sum(json.loads(raw_data)["data"])}
"""


def own_python(name):
    """An environment that is this interpreter."""
    environment = Environment(name)
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    environment.environment_variables = {"PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path), "MESSAGE": "m"}
    return environment


class Runs(OnAServer):
    def submitted(self, text=TRAIN, arguments=(), name="training", **settings):
        self.write("src/train.py", text)
        config = ScriptRunConfig("src", "train.py", list(arguments), environment=own_python("own"), **settings)
        return Experiment(self.ws, name).submit(config, tags={"from": "test"})

    def test_are_streamed_and_keep_what_they_logged(self):
        self.write("data/a.csv", "x,y")
        store = self.ws.get_default_datastore()
        store.upload("data", "in", overwrite=True, show_progress=False)
        run = self.submitted(arguments=["--data-folder", store.path("in").as_mount(), "--regularization", 0.8])
        self.assertRegex(run.id, r"^training_\d+_[0-9a-f]{8}$")
        details = []
        text = printed(lambda: details.append(run.wait_for_completion(show_output=True)))
        self.assertTrue(text.startswith("RunId: {}\nWeb View: ".format(run.id)), text)
        self.assertIn("hello from training ws-of-tests", text)
        self.assertIn("read x,y", text)
        self.assertIn("Execution Summary\n=================\nRunId: {}".format(run.id), text)
        self.assertEqual(details[0]["status"], "Completed")
        self.assertEqual(run.get_status(), "Completed")
        metrics = run.get_metrics()
        self.assertEqual(metrics["loss"], [1.0, 0.5, 1.0 / 3])
        self.assertEqual(metrics["regularization"], 0.8)
        self.assertEqual(metrics["list"], [1, 2, 3])
        self.assertEqual(metrics["row"], {"x": 1, "y": 2.5})
        self.assertEqual(metrics["table"], {"a": [1, 2], "b": [3, 4]})
        self.assertEqual(run.get_metrics("row"), {"row": {"x": 1, "y": 2.5}})
        self.assertEqual(run.get_tags(), {"from": "test", "stage": "trained"})
        names = run.get_file_names()
        self.assertIn("outputs/model.txt", names)
        self.assertIn("kept/extra.txt", names)
        run.download_file("outputs/model.txt", "got.txt")
        with open("got.txt") as stream:
            self.assertEqual(stream.read(), "weights")
        run.download_files(prefix="outputs", output_directory="all")
        self.assertTrue(os.path.isfile("all/outputs/model.txt"))
        with self.assertRaises(UserErrorException):
            run.download_file("absent")
        (child,) = run.get_children()
        self.assertEqual((child.parent.id, child.status, child.get_metrics()), (run.id, "Completed", {"inner": 7}))
        self.assertEqual(run.get_environment().python.interpreter_path, sys.executable)
        self.assertIn(run.id, [found.id for found in Experiment(self.ws, "training").get_runs(tags={"from": "test"})])
        self.assertEqual(Run.get(self.ws, run.id).id, run.id)
        model = run.register_model(model_name="mymodel", model_path="outputs/model.txt", tags={"k": "v"})
        self.assertEqual((model.version, model.run_id, model.tags), (1, run.id, {"k": "v"}))
        with self.assertRaises(UserErrorException):
            run.register_model("other", "outputs/absent.pkl")
        self.assertIn(run.id, run._repr_html_())

    def test_that_fail_raise_what_the_script_said(self):
        run = self.submitted("import sys\nprint('before')\nsys.exit('it broke')\n", name="failing")
        with self.assertRaises(ActivityFailedException):
            printed(lambda: run.wait_for_completion(show_output=True))
        details = run.wait_for_completion(raise_on_error=False)
        self.assertEqual(details["status"], "Failed")
        self.assertTrue(details["error"]["error"]["message"])

    def test_are_canceled(self):
        run = self.submitted("import time\ntime.sleep(600)\n", name="long")
        run.cancel()
        self.assertEqual(run.wait_for_completion()["status"], "Canceled")

    def test_of_this_process_are_completed_by_it(self):
        run = Experiment(self.ws, "notebook").start_logging(snapshot_directory=None)
        for number in range(5):
            run.log("n", number)
        self.write("plot.png", "png")
        run.log_image("picture", path="plot.png")
        self.assertEqual(run.get_status(), "Running")
        run.complete()
        self.assertEqual(run.get_status(), "Completed")
        self.assertEqual(run.get_metrics()["n"], [0, 1, 2, 3, 4])
        self.assertTrue(run.get_metrics()["picture"].startswith("aml://artifactId/"))

    def test_read_datasets(self):
        self.write("data/a.csv", "x,y\n1,2\n")
        store = self.ws.get_default_datastore()
        store.upload("data", "tables", overwrite=True, show_progress=False)
        files = Dataset.File.from_files([(store, "tables/a.csv"), (store, "tables")])
        text = "import sys, os\nfrom azureml.core import Run\nrun = Run.get_context()\nprint(sorted(os.listdir(run.input_datasets['two'])), os.listdir(sys.argv[1]))\n"
        run = self.submitted(text, [files.as_named_input("two").as_mount()], "datasets")
        self.assertIn("['a.csv'] ['a.csv']", printed(lambda: run.wait_for_completion(show_output=True)))

    def test_have_chosen_files_of_one_name_where_they_were(self):
        for name in "abcd":
            self.write("parts/{}/data.txt".format(name), name)
        store = self.ws.get_default_datastore()
        store.upload("parts", "parts", overwrite=True, show_progress=False)
        files = Dataset.File.from_files((store, "parts")).skip(1)
        inputs = [
            files.as_named_input("three").as_mount(),
            files.as_named_input("copied").as_download(),
            files.take(1).as_named_input("one").as_mount(),
        ]
        text = (
            "import os, sys\n"
            "for folder in sys.argv[1:]:\n"
            "    print([(os.path.relpath(os.path.join(at, name), folder), open(os.path.join(at, name)).read())\n"
            "           for at, _, names in sorted(os.walk(folder)) for name in names])\n"
        )
        run = self.submitted(text, inputs, "chosen")
        said = printed(lambda: run.wait_for_completion(show_output=True))
        self.assertEqual(files.to_path(), ["/b/data.txt", "/c/data.txt", "/d/data.txt"])
        three = str([(path[1:], path[1]) for path in files.to_path()])
        self.assertEqual(said.count(three), 2, said)
        self.assertIn("\n[('b/data.txt', 'b')]", said)


@unittest.skipUnless(
    importlib.util.find_spec("azureml_inference_server_http"), "needs azureml-inference-server-http in this interpreter"
)
class Services(OnAServer):
    def test_are_deployed_called_and_deleted(self):
        self.write("outputs/model.txt", "weights")
        self.write("score.py", SCORE)
        model = Model.register(self.ws, "outputs/model.txt", "served")
        config = InferenceConfig(entry_script="score.py", environment=own_python("serving"))
        service = Model.deploy(self.ws, "my-web-service", [model], config, AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1, auth_enabled=True))
        text = printed(lambda: service.wait_for_deployment(show_output=True))
        self.assertIn("Running", text)
        self.assertTrue(text.endswith('\nSucceeded\nACI service creation operation finished, operation "Succeeded"\n'), text)
        self.assertIsInstance(service, AciWebservice)
        self.assertEqual(service.state, "Healthy")
        self.assertEqual(service.run(json.dumps({"data": [1, 2, 3]})), {"weights": "weights", "sum": 6})
        first, second = service.get_keys()
        service.regen_key("Primary")
        self.assertNotEqual(service.get_keys()[0], first)
        self.assertEqual(service.get_keys()[1], second)
        with self.assertRaises(WebserviceException) as raised:
            Model.deploy(self.ws, "my-web-service", [model], config, LocalWebservice.deploy_configuration())
        self.assertIn("already exists", raised.exception.message)
        with self.assertRaises(WebserviceException):
            model.delete()
        with self.assertRaises(WebserviceException) as raised:
            service.run("no json")
        self.assertEqual(raised.exception.status_code, 500)
        self.assertIn("JSON", service.get_logs())
        self.assertEqual(self.ws.webservices["my-web-service"].scoring_uri, service.scoring_uri)
        service.delete()
        with self.assertRaises(WebserviceException) as raised:
            Webservice(self.ws, "my-web-service")
        self.assertIn("WebserviceNotFound", raised.exception.message)


if __name__ == "__main__":
    unittest.main()
