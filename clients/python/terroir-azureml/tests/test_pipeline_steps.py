"""Steps that are many runs or processes themselves, the script that drives a pipeline, and a script as people have them."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import unittest

import terroir
from azureml.core import Dataset, Experiment, Run, ScriptRunConfig
from azureml.data import OutputFileDatasetConfig
from azureml.exceptions import UserErrorException
from azureml.pipeline.core import Pipeline, PipelineData, PipelineParameter, TrainingOutput
from azureml.pipeline.core._driver import Pipeline as Driven
from azureml.pipeline.steps import HyperDriveStep, HyperDriveStepRun, ParallelRunConfig, ParallelRunStep, PythonScriptStep
from azureml.pipeline.steps._parallel_driver import batches_of_files, read_options, size_of, text_of
from azureml.train.hyperdrive import GridParameterSampling, HyperDriveConfig, PrimaryMetricGoal, choice

from .server import OnAServer, printed
from .test_pipeline import OfPipelines
from .test_runs import own_python

TRAIN = """
import argparse, os
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--x", type=int)
parser.add_argument("--shared")
args = parser.parse_args()
base = int(open(os.path.join(args.data, "out.txt")).read())
Run.get_context().log("accuracy", base + args.x)
os.makedirs("outputs/model", exist_ok=True)
if args.shared:
    os.makedirs(args.shared, exist_ok=True)
    open(os.path.join(args.shared, str(args.x)), "w").write("shared")
open("outputs/model/model.txt", "w").write("model of x={}".format(args.x))
"""

REGISTER = """
import json, os, sys
from azureml.core import Model, Run
from azureml.pipeline.core import PipelineRun
from azureml.pipeline.steps import HyperDriveStepRun
run = Run.get_context()
search = HyperDriveStepRun(step_run=run.parent.find_step_run("search")[0])
best = search.get_best_run_by_primary_metric()
logged = sorted(found["accuracy"][0] for found in json.load(open(sys.argv[2])).values())
print("shared", sorted(os.listdir(sys.argv[3])))
print("best", best.get_metrics()["accuracy"], open(sys.argv[1]).read(), logged)
Model.register(run.experiment.workspace, sys.argv[1], "searched")
"""

SCORE = """
import argparse, os, sys, time
from azureml_user.parallel_run import EntryScript
def init():
    EntryScript().logger.info("begun, for %s", os.path.basename(EntryScript().output_dir))
    global prefix, count
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefix")
    args, _ = parser.parse_known_args()
    prefix = args.prefix
    count = 0
def run(mini_batch):
    global count
    count += 1
    found = []
    for file in mini_batch:
        text = open(file).read()
        if text == "hang":
            time.sleep(600)
        if text == "die":
            os._exit(3)
        if text == "skip":
            continue
        found.append("{}:{}:{}:{}".format(prefix, os.path.basename(file), text, os.getpid()))
    return found
"""


class Searches(OfPipelines):
    def test_are_steps_that_hand_on_the_best_run(self):
        prepared, metrics, shared = PipelineData("prepared"), PipelineData("metrics"), PipelineData("shared")
        model = PipelineData("model", training_output=TrainingOutput("Model", model_file="outputs/model/model.txt"), pipeline_output_name="best_model")
        self.write("train/train.py", TRAIN)
        self.write("register/register.py", REGISTER)

        def steps():
            script = ScriptRunConfig("train", "train.py", environment=own_python("own"))
            config = HyperDriveConfig(
                GridParameterSampling({"--x": choice(1, 3, 2)}), "accuracy", PrimaryMetricGoal.MAXIMIZE, 3, 2, run_config=script
            )
            search = HyperDriveStep("search", config, ["--data", prepared, "--shared", shared], inputs=[prepared], outputs=[model, shared], metrics_output=metrics)
            register = PythonScriptStep(
                "register.py", "register", [model, metrics, shared], inputs=[model, metrics, shared], source_directory="register", runconfig=self.config(), allow_reuse=False
            )
            return [self.step("prepare", prepared, text="10", allow_reuse=True), search, register]

        run = self.run_of(steps())
        (step,) = run.find_step_run("search")
        search = HyperDriveStepRun(step_run=step)
        self.assertEqual([row["best_primary_metric"] for row in search.get_children_sorted_by_primary_metric()], [13, 12, 11])
        self.assertEqual(search.get_best_run_by_primary_metric().parent.id, step.id)
        said = run.find_step_run("register")[0].get_job_log()
        self.assertIn("shared ['1', '2', '3']", said)
        self.assertIn("best 13 model of x=3 [11, 12, 13]", said)
        self.assertEqual(self.ws.models["searched"].version, 1)
        self.assertEqual(run.get_pipeline_output("best_model").path_on_datastore, "azureml/{}/model".format(step.id))
        again = self.run_of(steps())
        (reused,) = again.find_step_run("search")
        self.assertTrue(reused.is_reused)
        self.assertEqual(HyperDriveStepRun(step_run=reused).get_best_run_by_primary_metric(), search.get_best_run_by_primary_metric())

    def test_end_with_their_pipeline(self):
        self.write("hang/train.py", "import time\ntime.sleep(600)\n")
        script = ScriptRunConfig("hang", "train.py", environment=own_python("own"))
        config = HyperDriveConfig(GridParameterSampling({"--x": choice(1, 2, 3)}), "accuracy", PrimaryMetricGoal.MAXIMIZE, 3, 2, run_config=script)
        run = Experiment(self.ws, "ending").submit(Pipeline(self.ws, [HyperDriveStep("search", config)]))
        while sum(child.status == "Running" for child in run.get_children(recursive=True)) < 3:
            time.sleep(0.2)
        run.cancel()
        children = list(run.get_children(recursive=True))
        for child in children:
            child.wait_for_completion()
        self.assertEqual([child.status for child in children], ["Canceled"] * 3)


class Batches(OfPipelines):
    def uploaded(self, name, texts):
        for number, text in enumerate(texts):
            self.write("{}/{:02d}.txt".format(name, number), text)
        store = self.ws.get_default_datastore()
        store.upload(name, name, overwrite=True, show_progress=False)
        return Dataset.File.from_files((store, name))

    def batched(self, dataset, output, **settings):
        self.write("score/score.py", SCORE)
        given = dict(
            source_directory="score", entry_script="score.py", mini_batch_size="2", error_threshold=0, output_action="append_row",
            environment=own_python("own"), compute_target="local", process_count_per_node=2, node_count=2, run_max_try=2,
        )
        config = ParallelRunConfig(**{**given, **settings})
        return ParallelRunStep(
            name="score", parallel_run_config=config, inputs=[dataset.as_named_input("files")], output=output, arguments=["--prefix", "p"], allow_reuse=False
        )

    def rows(self, run, file="parallel_run_step.txt"):
        return [line.split(":") for line in self.read(run, "score", "scores", file).splitlines()]

    def test_of_files_are_worked_off_by_processes(self):
        files = self.uploaded("many", ["t{}".format(number) for number in range(7)])
        run = self.run_of([self.batched(files, PipelineData("scores"), append_row_file_name="rows.txt", mini_batch_size=PipelineParameter("size", "2"))])
        rows = self.rows(run, "rows.txt")
        self.assertEqual([row[:3] for row in rows], [["p", "{:02d}.txt".format(number), "t{}".format(number)] for number in range(7)])
        self.assertEqual(len({row[3] for row in rows}), 2)
        said = run.find_step_run("score")[0].get_job_log()
        self.assertIn("4 batches for 2 processes", said)
        self.assertIn("begun, for scores", said)
        out = OutputFileDatasetConfig("scores")
        after = self.step("after", OutputFileDatasetConfig("out"), [out.as_input("scores")])
        run = self.run_of([self.batched(files, out), after])
        self.assertEqual(self.read(run, "after", "out").count("p:"), 7)

    def test_may_be_partitions(self):
        for name in ("ann/jazz/1", "ann/jazz/2", "ann/rock/1", "bob/jazz/1"):
            self.write("songs/{}.txt".format(name), name)
        store = self.ws.get_default_datastore()
        store.upload("songs", "songs", overwrite=True, show_progress=False)
        songs = Dataset.File.from_files((store, "songs"), partition_format="{user}/{genre}/")
        self.write("parts/score.py", "import os\n\ndef init():\n    pass\n\ndef run(mini_batch, mini_batch_context):\n"
                   "    values = mini_batch_context.partition_key_value\n    return ['{}:{}:{}'.format(values['genre'], len(mini_batch), os.path.basename(one)) for one in mini_batch]\n")
        settings = dict(source_directory="parts", mini_batch_size=None, partition_keys=["genre"])
        run = self.run_of([self.batched(songs, PipelineData("scores"), **settings)])
        self.assertEqual(self.rows(run), [["jazz", "3", "1.txt"], ["jazz", "3", "2.txt"], ["jazz", "3", "1.txt"], ["rock", "1", "1.txt"]])
        with self.assertRaises(UserErrorException) as raised:
            Pipeline(self.ws, [self.batched(songs, PipelineData("scores"), **{**settings, "partition_keys": ["year"]})]).validate()
        self.assertIn("year is no partition key", raised.exception.message)

    def test_that_fail_are_tried_again_and_counted(self):
        files = self.uploaded("bad", ["a", "skip", "die", "b", "hang", "c"])
        settings = dict(error_threshold=5, run_invocation_timeout=3)
        run = self.run_of([self.batched(files, PipelineData("scores"), **settings)])
        self.assertEqual([row[1] for row in self.rows(run)], ["00.txt"])
        said = run.find_step_run("score")[0].get_job_log()
        self.assertIn("try 2 of 2: its process has ended", said)
        self.assertIn("try 2 of 2: run() has taken more than run_invocation_timeout", said)
        failed = Experiment(self.ws, "bad").submit(Pipeline(self.ws, [self.batched(files, PipelineData("scores"), run_invocation_timeout=3)]))
        self.assertEqual(failed.wait_for_completion(show_output=False, raise_on_error=False), "Failed")
        self.assertIn("more than error_threshold, 0", failed.find_step_run("score")[0].get_job_log())

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "needs pandas in this interpreter")
    def test_of_rows_are_data_frames(self):
        self.write("table/a.csv", "x,y\n" + "".join("{},{}\n".format(number, number * number) for number in range(50)))
        store = self.ws.get_default_datastore()
        store.upload("table", "table", overwrite=True, show_progress=False)
        table = Dataset.Tabular.from_delimited_files((store, "table/a.csv"))
        self.write("rows/score.py", "def init():\n    pass\n\ndef run(mini_batch):\n    mini_batch['z'] = mini_batch['x'] + mini_batch['y']\n    return mini_batch\n")
        run = self.run_of([self.batched(table, PipelineData("scores"), source_directory="rows", mini_batch_size="50B")])
        lines = self.read(run, "score", "scores", "parallel_run_step.txt").splitlines()
        self.assertEqual(lines, ["{} {} {}".format(n, n * n, n + n * n) for n in range(50)])
        self.assertGreater(run.find_step_run("score")[0].get_job_log().count("Batch "), 5)
        settings = dict(source_directory="rows", mini_batch_size=None, partition_keys=["x"])
        run = self.run_of([self.batched(table.take(3), PipelineData("scores"), **settings)])
        self.assertIn("3 batches", run.find_step_run("score")[0].get_job_log())

    def test_have_sizes_and_options(self):
        self.assertEqual([size_of(text, False) for text in (None, "5", "10KB", "1.5M")], [10, 5, 10240, 1572864])
        self.assertEqual(size_of(None, True), 1024**2)
        with self.assertRaises(SystemExit):
            size_of("many", False)
        options, words = read_options(["--entry-script", "score.py", "--files", "a", "--files", "b", "--", "--model", "m", "--", "x"])
        self.assertEqual((options.files, words), (["a", "b"], ["--model", "m", "--", "x"]))
        self.assertEqual(text_of(["a", 1]), (2, "a\n1\n"))
        self.write("f/1", "")
        self.write("f/2/3", "")
        self.assertEqual([batch.items for batch in batches_of_files(["f", "f/1"], 2)], [["f/1", "f/2/3"], ["f/1"]])
        for wrong in (dict(error_threshold="x"), dict(output_action="all"), dict(partition_keys=["a"], mini_batch_size=2), dict(append_row_file_name="a/b"), dict(environment="x")):
            with self.assertRaises(UserErrorException):
                self.batched(Dataset.File.from_files((self.ws.get_default_datastore(), "f")), PipelineData("scores"), **wrong)


MAKE_TABLE = """
import os, sys
for folder in sys.argv[1:]:
    os.makedirs(folder, exist_ok=True)
    open(os.path.join(folder, "table.csv"), "w").write("x,y\\n1,2\\n3,4\\n")
"""

TAKE_TABLE = """
from azureml.core import Run
run = Run.get_context()
for name in ("written", "made"):
    frame = run.input_datasets[name].to_pandas_dataframe()
    print(name, list(frame.columns), int(frame["y"].sum()))
"""


@unittest.skipUnless(importlib.util.find_spec("pandas"), "needs pandas in this interpreter")
class Tables(OfPipelines):
    def test_are_read_from_what_a_step_has_left(self):
        self.write("tables/make.py", MAKE_TABLE)
        self.write("tables/take.py", TAKE_TABLE)
        written = OutputFileDatasetConfig(destination=(self.ws.get_default_datastore(), "tables/{run-id}")).register_on_complete("written_table")
        made = PipelineData("made").as_dataset()
        make = PythonScriptStep("make.py", "make", [written, made], outputs=[made], source_directory="tables", runconfig=self.config())
        take = PythonScriptStep(
            "take.py", "take", [written.read_delimited_files().as_input(name="written")], inputs=[made.parse_delimited_files(file_extension="csv")],
            source_directory="tables", runconfig=self.config(),
        )
        run = self.run_of([take, make])
        said = run.find_step_run("take")[0].get_job_log()
        self.assertIn("written ['x', 'y'] 6", said)
        self.assertIn("made ['x', 'y'] 6", said)
        self.assertEqual(len(Dataset.get_by_name(self.ws, "written_table").to_path()), 1)
        again = self.run_of([take, make])
        self.assertEqual([step.is_reused for step in again.get_steps()], [True, True])


class WhileAServerIsGone(unittest.TestCase):
    def test_a_pipeline_waits_and_submits_nothing_twice(self):
        asked = []

        class Client:
            def post(self, path, body=None):
                asked.append(body["runId"])
                raise terroir.Unavailable("unreachable", "gone") if len(asked) == 1 else terroir.Conflict("run-exists", "there")

            def get(self, path, **query):
                return {"runId": path.rpartition("/")[2], "status": "Completed"}

            def patch(self, path, body):
                return {}

        step = {
            "id": "0", "name": "one", "type": "PythonScriptStep", "allowReuse": False, "after": [], "takes": [], "outputs": {}, "saved": {},
            "reads": [], "properties": {}, "configuration": {"arguments": ["{pipeline-parameter:n}"]}, "snapshot": "s",
        }
        plan = {
            "template": {"steps": [step], "parameters": {"n": 1}}, "parameters": {"n": 2}, "continueOnStepFailure": False, "regenerateOutputs": False,
            "experiment": "e",
        }
        said = printed(Driven(terroir.Run(Client(), "p", {}), plan).run)
        self.assertEqual(asked, ["p_0", "p_0"])
        self.assertIn("does not answer", said)
        self.assertIn("1 of 1 steps have completed", said)


# The shape of what people have: their calls in our words.
SCRIPT = """
import os, sys
from azureml.core import Dataset, Datastore, Environment, Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.core.runconfig import RunConfiguration
from azureml.data.data_reference import DataReference
from azureml.pipeline.core import Pipeline, PipelineData
from azureml.pipeline.core.graph import PipelineParameter
from azureml.pipeline.steps import PythonScriptStep
from azureml.widgets import RunDetails

ws = Workspace.from_config()
def_blob_store = Datastore(ws, "workspaceblobstore")
def_blob_store.upload_files(["numbers.txt"], target_path="numbers", overwrite=True)
try:
    cluster = AmlCompute(ws, "cpu-cluster")
except ComputeTargetException:
    provisioning = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", min_nodes=1, max_nodes=4)
    cluster = ComputeTarget.create(ws, "cpu-cluster", provisioning)
    cluster.wait_for_completion(show_output=True, timeout_in_minutes=20)

config = RunConfiguration()
config.environment.python.user_managed_dependencies = True
config.environment.python.interpreter_path = sys.executable
config.environment.environment_variables = {"PYTHONPATH": os.environ["PYTHONPATH"]}

numbers = DataReference(datastore=def_blob_store, data_reference_name="numbers", path_on_datastore="numbers/numbers.txt")
sorted_data = PipelineData("sorted_data", datastore=def_blob_store)
summed_data = PipelineData("summed_data", datastore=def_blob_store)
factor = PipelineParameter(name="factor", default_value=2)
sort_step = PythonScriptStep(
    script_name="sort.py", arguments=["--input", numbers, "--output", sorted_data], inputs=[numbers], outputs=[sorted_data],
    compute_target=cluster, source_directory="steps", runconfig=config)
sum_step = PythonScriptStep(
    name="sum_step", script_name="sum.py", arguments=["--input", sorted_data, "--output", summed_data, "--factor", factor],
    inputs=[sorted_data], outputs=[summed_data], compute_target=cluster, source_directory="steps", runconfig=config)
pipeline = Pipeline(workspace=ws, steps=[sum_step])
pipeline.validate()
run = Experiment(ws, "Numbers").submit(pipeline, regenerate_outputs=False)
RunDetails(run).show()
if "--alone" in sys.argv:
    print("submitted", run.id)
    sys.exit()
run.wait_for_completion()
for step_run in run.get_children():
    print("Script:", step_run.name, "status:", step_run.get_status())
port = run.find_step_run("sum_step")[0].get_output_data("summed_data")
port.download(local_path="result", overwrite=True)
folder = os.path.join("result", "azureml", os.listdir("result/azureml")[0], "summed_data")
print("sum", open(os.path.join(folder, "sum.txt")).read())
published = pipeline.publish(name="Numbers", description="Sums", continue_on_step_failure=True)
again = published.submit(ws, "Numbers", pipeline_parameters={"factor": 5})
print(again.wait_for_completion(show_output=False))
"""

SORT = """
import argparse, os, time
parser = argparse.ArgumentParser()
parser.add_argument("--input")
parser.add_argument("--output")
args = parser.parse_args()
os.makedirs(args.output, exist_ok=True)
with open(os.path.join(args.output, "sorted.txt"), "w") as stream:
    stream.write("\\n".join(sorted(open(args.input).read().split())))
time.sleep(2)
"""

SUM = """
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--input")
parser.add_argument("--output")
parser.add_argument("--factor", type=int)
args = parser.parse_args()
if not (args.output is None):
    os.makedirs(args.output, exist_ok=True)
total = sum(map(int, open(os.path.join(os.environ["AZUREML_DATAREFERENCE_sorted_data"], "sorted.txt")).read().split()))
with open(os.path.join(args.output, "sum.txt"), "w") as stream:
    stream.write(str(total * args.factor))
"""


class Scripts(OnAServer):
    def begun(self, *words):
        self.write("numbers.txt", "3 1 2")
        self.write("steps/sort.py", SORT)
        self.write("steps/sum.py", SUM)
        self.write("pipeline.py", SCRIPT)
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path)}
        done = subprocess.run([sys.executable, "pipeline.py", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, env=variables)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_of_people_run_as_they_are(self):
        said = self.begun()
        self.assertIn("Script: sum_step status: Finished", said)
        self.assertIn("Script: sort.py status: Finished", said)
        self.assertIn("sum 12\n", said)
        self.assertTrue(said.endswith("Finished\n"), said)

    def test_may_end_and_the_server_too_while_a_pipeline_goes_on(self):
        run = Run.get(self.ws, self.begun("--alone").split("submitted ")[1].strip())
        while not any(step.status == "Running" for step in run.get_steps()):
            time.sleep(0.2)
        with open(os.path.join(self.ws._service.directory, "server", "server.json")) as stream:
            os.kill(json.load(stream)["pid"], signal.SIGKILL)
        self.assertEqual(run.wait_for_completion(show_output=False), "Finished")
        self.assertEqual({step.name: step.get_status() for step in run.get_steps()}, {"sort.py": "Finished", "sum_step": "Finished"})


if __name__ == "__main__":
    unittest.main()
