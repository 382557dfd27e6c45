"""Pipelines: their order and data, parameters, failures and reuse, on a real server with this interpreter."""

import os
import time
import unittest

from azureml.core import Dataset, Experiment, Run, RunConfiguration, ScriptRunConfig
from azureml.data import OutputFileDatasetConfig
from azureml.data.data_reference import DataReference
from azureml.data.datapath import DataPath, DataPathComputeBinding
from azureml.data.dataset_consumption_config import DatasetConsumptionConfig
from azureml.exceptions import ActivityFailedException, UserErrorException
from azureml.pipeline.core import (
    Pipeline,
    PipelineData,
    PipelineEndpoint,
    PipelineParameter,
    PipelineRun,
    PortDataReference,
    PublishedPipeline,
    Schedule,
    ScheduleRecurrence,
    StepRun,
    StepSequence,
)
from azureml.pipeline.core.graph import PipelineParameter as SameParameter
from azureml.pipeline.steps import (
    CommandStep,
    DatabricksStep,
    EstimatorStep,
    PythonScriptStep,
)
from azureml.train.estimator import Estimator

from .server import OnAServer, printed
from .test_runs import own_python

# Writes what it was told, and what lies at its inputs, as one file of its output.
WRITE = """
import argparse, os, sys
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--output")
parser.add_argument("--input", action="append", default=[])
parser.add_argument("--text", default="nothing")
args = parser.parse_args()
run = Run.get_context(allow_offline=False)
found = []
for place in args.input:
    files = [place] if os.path.isfile(place) else sorted(os.path.join(at, name) for at, _, names in os.walk(place) for name in names)
    found += [open(file).read() for file in files]
run.log("inputs", len(found))
print("wrote", args.text, found)
if args.output:
    os.makedirs(args.output, exist_ok=True)
    with open(os.path.join(args.output, "out.txt"), "w") as stream:
        stream.write("+".join(found + [args.text]))
"""


class OfPipelines(OnAServer):
    def config(self):
        configuration = RunConfiguration()
        configuration.environment = own_python("own")
        return configuration

    def step(self, name, output=None, inputs=(), text=None, script=WRITE, folder="src", **settings):
        """A step that writes."""
        self.write("{}/write.py".format(folder), script)
        arguments = []
        for one in inputs:
            arguments += ["--input", one]
        arguments += ["--output", output] if output is not None else []
        arguments += ["--text", name if text is None else text]
        given = dict(source_directory=folder, runconfig=self.config(), allow_reuse=False)
        if isinstance(output, PipelineData):
            given["outputs"] = [output]
        given["inputs"] = list(inputs)
        return PythonScriptStep("write.py", name, arguments, **{**given, **settings})

    def run_of(self, steps, name="pipelines", **settings):
        run = Experiment(self.ws, name).submit(Pipeline(self.ws, steps), **settings)
        self.assertEqual(run.wait_for_completion(show_output=False), "Finished")
        return run

    def read(self, run, step, output, file="out.txt"):
        port = run.find_step_run(step)[0].get_output_data(output)
        port.download("got", overwrite=True, show_progress=False)
        with open(os.path.join("got", port.path_on_datastore, file)) as stream:
            return stream.read()


class Orders(OfPipelines):
    def test_come_from_data_and_what_is_said(self):
        self.assertIs(SameParameter, PipelineParameter)
        first, second = PipelineData("first"), PipelineData("second")
        one = self.step("one", first)
        two = self.step("two", second, [first])
        three = self.step("three", inputs=[second])
        alone = self.step("alone")
        alone.run_after(three)
        pipeline = Pipeline(self.ws, [alone])
        self.assertEqual([step.name for step in pipeline.steps], ["one", "two", "three", "alone"])
        self.assertEqual(pipeline.validate(), [])
        self.assertEqual([str(edge) for edge in pipeline.graph.edges], ["one -> two (first)", "two -> three (second)", "three -> alone"])
        self.assertEqual(Pipeline(self.ws, [three, [one, two]]).steps, [one, two, three])

    def test_are_of_the_steps_that_are_given_where_a_cell_was_run_again(self):
        data = PipelineData("data")
        old, take = self.step("old", data), self.step("take", inputs=[data])
        new = self.step("new", data)
        self.assertEqual([step.name for step in Pipeline(self.ws, [take]).steps], ["new", "take"])
        self.assertEqual(Pipeline(self.ws, [old, take]).steps, [old, take])
        self.assertEqual(Pipeline(self.ws, [new, take]).steps, [new, take])

    def test_of_a_sequence(self):
        a, b, c, d = (self.step(name) for name in "abcd")
        StepSequence([a, [b, c], d])
        self.assertEqual([step.name for step in Pipeline(self.ws, StepSequence([d])).steps], ["a", "b", "c", "d"])
        self.assertEqual(sorted(map(str, Pipeline(self.ws, [d]).graph.edges)), ["a -> b", "a -> c", "b -> d", "c -> d"])

    def test_that_cannot_be_are_refused(self):
        a, b = self.step("a"), self.step("b")
        a.run_after(b)
        b.run_after(a)
        with self.assertRaises(UserErrorException) as raised:
            Pipeline(self.ws, [a])
        self.assertIn("a -> b -> a", raised.exception.message)
        lost = PipelineData("lost")
        with self.assertRaises(UserErrorException) as raised:
            Pipeline(self.ws, [self.step("c", inputs=[lost])]).validate()
        self.assertIn("no step of the pipeline leaves", raised.exception.message)
        twice = PipelineData("twice")
        with self.assertRaises(UserErrorException):
            Pipeline(self.ws, [self.step("d", twice), self.step("e", twice)])
        with self.assertRaises(UserErrorException) as raised:
            Pipeline(self.ws, [PythonScriptStep("absent.py", source_directory="src")]).validate()
        self.assertIn("absent.py", raised.exception.message)
        with self.assertRaises(UserErrorException) as raised:
            Pipeline(self.ws, [self.step("g", compute_target="absent")]).validate()
        self.assertIn("The compute target absent of the step g is not there", raised.exception.message)
        with self.assertRaises(UserErrorException):
            Pipeline(self.ws, ["no step"])
        with self.assertRaises(UserErrorException) as raised:
            Experiment(self.ws, "wrong").submit(Pipeline(self.ws, [self.step("f")]), pipeline_parameters={"x": 1})
        self.assertIn("has no parameter 'x'", raised.exception.message)


class Steps(OfPipelines):
    def test_hand_data_on_and_are_runs_of_their_own(self):
        first, second = PipelineData("first"), PipelineData("second", pipeline_output_name="last")
        parameter = PipelineParameter("text", "default")
        steps = [self.step("one", first, text=parameter), self.step("two", second, [first])]
        run = Experiment(self.ws, "handing").submit(Pipeline(self.ws, steps), tags={"mine": "1"}, pipeline_parameters={"text": "it's given"})
        self.assertIsInstance(run, PipelineRun)
        said = printed(lambda: self.assertEqual(run.wait_for_completion(show_output=True), "Finished"))
        self.assertIn("one: completed", said)
        self.assertIn("PipelineRun Status: Finished", said)
        self.assertEqual((run.get_status(), run.status), ("Finished", "Completed"))
        self.assertEqual([step.name for step in run.get_steps()], ["one", "two"])
        (two,) = run.find_step_run("two")
        self.assertIsInstance(two, StepRun)
        self.assertEqual((two.get_status(), two.parent.id, two.get_metrics()), ("Finished", run.id, {"inputs": 1}))
        self.assertIn("wrote two", two.get_job_log())
        self.assertNotEqual(two.get_snapshot_id(), run.get_snapshot_id())
        self.assertEqual(self.read(run, "two", "second"), "it's given+two")
        port = run.get_pipeline_output("last")
        self.assertEqual(port.path_on_datastore, "azureml/{}/second".format(two.id))
        with self.assertRaises(UserErrorException):
            run.get_pipeline_output("absent")
        self.assertEqual(run.get_tags(), {"mine": "1"})
        self.assertEqual([str(edge) for edge in run.get_graph().edges], ["one -> two (first)"])
        again = Run.get(self.ws, run.id)
        self.assertIsInstance(again, PipelineRun)
        experiment = Experiment(self.ws, "handing")
        self.assertEqual([one.id for one in experiment.get_runs(type="azureml.PipelineRun")], [run.id])
        self.assertEqual(list(run.get_children(type="hyperdrive")), [])
        self.assertEqual(PipelineRun(Experiment(self.ws, "handing"), run.id).find_step_run("one")[0].get_output_data("first").name, "first")
        # What a pipeline has left is an input of another one.
        self.assertIsInstance(port, PortDataReference)
        later = self.run_of([self.step("later", OutputFileDatasetConfig("out"), [port])])
        self.assertEqual(self.read(later, "later", "out"), "it's given+two+later")

    def test_write_files_and_leave_folders_empty(self):
        file, empty = PipelineData("file"), PipelineData("empty")
        self.write("make/make.py", "import sys\nopen(sys.argv[1], 'w').write('a file')\n")
        make = PythonScriptStep("make.py", "make", [file, empty], source_directory="make", runconfig=self.config(), outputs=[file, empty])
        take = self.step("take", OutputFileDatasetConfig("out"), [file, empty])
        self.assertEqual(self.read(self.run_of([make, take]), "take", "out"), "a file+take")

    def test_of_one_level_run_at_once(self):
        script = "import time\nfrom azureml.core import Run\nbegin = time.time()\ntime.sleep(4)\nRun.get_context().log_list('span', [begin, time.time()])\n"
        run = self.run_of([self.step(name, script=script, folder="sleep") for name in ("left", "right")])
        left, right = (run.find_step_run(name)[0].get_metrics()["span"] for name in ("left", "right"))
        self.assertLess(max(left[0], right[0]), min(left[1], right[1]))

    def test_that_fail_end_the_pipeline_unless_others_go_on(self):
        first = PipelineData("first")
        failing = self.step("failing", first, script="raise SystemExit('it broke')\n", folder="broken")
        after = self.step("after", inputs=[first])
        long = self.step("long", script="import time\ntime.sleep(3)\n", folder="long")
        run = Experiment(self.ws, "failing").submit(Pipeline(self.ws, [failing, after]))
        with self.assertRaises(ActivityFailedException) as raised:
            printed(lambda: run.wait_for_completion(show_output=True))
        self.assertIn("The step failing has failed", str(raised.exception))
        self.assertEqual((run.get_status(), [step.name for step in run.get_steps()]), ("Failed", ["failing"]))
        self.assertIn("    it broke", "".join(run.get_details_with_logs()["logFiles"].values()))
        self.assertIn("it broke", run.find_step_run("failing")[0].get_job_log())
        run = self.run_of([failing, after, long], "failing", continue_on_step_failure=True)
        self.assertEqual({step.name: step.get_status() for step in run.get_steps()}, {"failing": "Failed", "long": "Finished"})

    def test_are_canceled_with_the_pipeline(self):
        run = Experiment(self.ws, "canceled").submit(Pipeline(self.ws, [self.step("long", script="import time\ntime.sleep(600)\n", folder="hang")]))
        while not any(step.status == "Running" for step in run.get_steps()):
            time.sleep(0.2)
        run.cancel()
        self.assertEqual((run.get_status(), run.find_step_run("long")[0].get_status()), ("Canceled", "Canceled"))

    def test_of_commands(self):
        out = OutputFileDatasetConfig("out")
        parameter = PipelineParameter("text", "a 'b' $c")
        self.write("cmd/run.py", "import sys\nopen(sys.argv[1] + '/out.txt', 'w').write(sys.argv[2])\n")
        configuration = self.config()
        step = CommandStep(["python", "run.py", out, parameter], "command", source_directory="cmd", runconfig=configuration)
        self.assertEqual(self.read(self.run_of([step]), "command", "out"), "a 'b' $c")
        line = ScriptRunConfig("cmd", command=["python run.py", out, "'two words'"], environment=own_python("own"))
        self.assertEqual(self.read(self.run_of([CommandStep(name="line", runconfig=line)]), "line", "out"), "two words")

    def test_of_estimators(self):
        self.write("estimated/train.py", WRITE)
        data = PipelineData("data")
        estimator = Estimator(source_directory="estimated", entry_script="train.py", environment_definition=own_python("own"), compute_target="local")
        step = EstimatorStep("estimate", estimator, ["--output", data, "--text", "estimated"], outputs=[data], compute_target="local")
        self.assertEqual(self.read(self.run_of([step]), "estimate", "data"), "estimated")


class Reuse(OfPipelines):
    def steps(self, text="same", **settings):
        first, out = PipelineData("first"), OutputFileDatasetConfig()
        data = DataReference(self.ws.get_default_datastore(), path_on_datastore="given")
        one = self.step("one", first, [data], text, allow_reuse=True, **settings)
        return [one, self.step("two", out, [first], allow_reuse=True)]

    def reused(self, run):
        return {step.name: step.is_reused for step in run.get_steps()}

    def test_of_what_has_not_changed(self):
        self.write("local/a.txt", "a")
        store = self.ws.get_default_datastore()
        store.upload("local", "given", overwrite=True, show_progress=False)
        first = self.run_of(self.steps())
        self.assertEqual(self.reused(first), {"one": False, "two": False})
        second = Experiment(self.ws, "another").submit(Pipeline(self.ws, self.steps()))
        said = printed(lambda: second.wait_for_completion(show_output=True))
        self.assertIn("one: reused, since nothing that it depends on has changed since {}".format(first.find_step_run("one")[0].id), said)
        self.assertEqual(self.reused(second), {"one": True, "two": True})
        (two,) = second.find_step_run("two")
        self.assertEqual((self.read(second, "two", "output_1"), two.get_metrics()), ("a+same+two", {"inputs": 1}))
        self.assertIn("wrote two", two.get_job_log())
        self.assertEqual(self.reused(self.run_of(self.steps(), regenerate_outputs=True)), {"one": False, "two": False})
        self.assertEqual(self.reused(self.run_of(self.steps("other"))), {"one": False, "two": False})
        self.assertEqual(self.reused(self.run_of(self.steps(params={"x": 1}))), {"one": False, "two": False})
        self.write("local/a.txt", "bb")
        store.upload("local", "given", overwrite=True, show_progress=False)
        changed = self.run_of(self.steps())
        self.assertEqual((self.reused(changed), self.read(changed, "two", "output_1")), ({"one": False, "two": False}, "bb+same+two"))
        self.write("src/more.py", "")
        self.assertEqual(self.reused(self.run_of(self.steps())), {"one": False, "two": False})


class Data(OfPipelines):
    def test_of_parameters_and_datasets(self):
        for name in "ab":
            self.write("local/{0}/{0}.txt".format(name), name)
        store = self.ws.get_default_datastore()
        store.upload("local", "params", overwrite=True, show_progress=False)
        path = PipelineParameter("path", DataPath(store, "params/a"))
        files = {name: Dataset.File.from_files((store, "params/" + name)) for name in "ab"}
        dataset = PipelineParameter("dataset", files["a"])
        inputs = [(path, DataPathComputeBinding(mode="mount")), DatasetConsumptionConfig("files", dataset).as_mount()]
        step = self.step("read", OutputFileDatasetConfig("out"), inputs)
        self.assertEqual(self.read(self.run_of([step]), "read", "out"), "a+a+read")
        given = {"path": DataPath(store, "params/b"), "dataset": files["b"]}
        self.assertEqual(self.read(self.run_of([step], pipeline_params=given), "read", "out"), "b+b+read")
        with self.assertRaises(UserErrorException):
            Experiment(self.ws, "wrong").submit(Pipeline(self.ws, [step]), pipeline_parameters={"path": 3})

    def test_between_steps_as_datasets(self):
        prepared = PipelineData("prepared").as_dataset().register("prepared_ds")
        out = OutputFileDatasetConfig("out", destination=(self.ws.get_default_datastore(), "mine/{run-id}")).register_on_complete("written_ds")
        self.write("make/make.py", WRITE)
        make = PythonScriptStep(
            "make.py", "make", ["--output", prepared, "--text", "made"], source_directory="make", runconfig=self.config(), outputs=[prepared], allow_reuse=False
        )
        direct = (
            "import sys\nfrom azureml.core import Run\nrun = Run.get_context()\n"
            "place = run.input_datasets['direct'].download('here')\n"
            "print('found', [open(one).read() for one in place], open(sys.argv[2] + '/out.txt').read())\n"
        )
        self.write("take/take.py", direct)
        middle = self.step("middle", out, [prepared.as_mount()])
        take = PythonScriptStep(
            "take.py", "take", ["--direct", out.as_input("mounted")], source_directory="take", runconfig=self.config(),
            inputs=[prepared.as_named_input("direct")], allow_reuse=False,
        )
        run = self.run_of([make, middle, take])
        self.assertIn("found ['made'] made+middle", run.find_step_run("take")[0].get_job_log())
        self.assertEqual(Dataset.get_by_name(self.ws, "prepared_ds").to_path(), ["/out.txt"])
        self.assertEqual(Dataset.get_by_name(self.ws, "written_ds").to_path(), ["/out.txt"])

    def test_are_only_of_steps(self):
        with self.assertRaises(UserErrorException) as raised:
            self.write("src/write.py", WRITE)
            Experiment(self.ws, "wrong").submit(ScriptRunConfig("src", "write.py", [PipelineData("x")], environment=own_python("own")))
        self.assertIn("only its steps", raised.exception.message)


class Published(OfPipelines):
    def test_are_found_and_run_again(self):
        step = self.step("one", OutputFileDatasetConfig("out"), text=PipelineParameter("text", 10))
        published = Pipeline(self.ws, [step]).publish(name="mine", description="what it does", version="1")
        self.assertEqual((published.name, published.status, published.version, published.parameters), ("mine", "Active", "1", {"text": 10}))
        found = PublishedPipeline.get(self.ws, published.id)
        run = found.submit(self.ws, "published", pipeline_parameters={"text": 45})
        run.wait_for_completion(show_output=False)
        self.assertEqual(self.read(run, "one", "out"), "45")
        self.assertEqual([one.id for one in PipelineRun.get_pipeline_runs(self.ws, published.id)], [run.id])
        second = run.publish_pipeline("again", "from a run", continue_on_step_failure=True)
        self.assertEqual({one.name for one in PublishedPipeline.list(self.ws)}, {"mine", "again"})
        published.disable()
        self.assertEqual([one.name for one in PublishedPipeline.list(self.ws)], ["again"])
        with self.assertRaises(UserErrorException):
            found.submit(self.ws, "published")
        with self.assertRaises(UserErrorException):
            PublishedPipeline.get(self.ws, "absent")
        endpoint = PipelineEndpoint.publish(self.ws, "end", second, "named")
        published.enable()
        self.assertEqual(endpoint.add_default(published), "1")
        again = PipelineEndpoint.get(self.ws, name="end")
        self.assertEqual((again.default_version, [one.version for one in again.get_all_versions()]), ("1", ["0", "1"]))
        again.set_name("renamed")
        self.assertEqual(PipelineEndpoint.get(self.ws, name="renamed"), PipelineEndpoint.get(self.ws, id=endpoint.id))
        run = again.submit("published", pipeline_parameters={"text": 7}, pipeline_version="0")
        run.wait_for_completion(show_output=False)
        self.assertEqual(self.read(run, "one", "out"), "7")

    def test_are_run_when_somebody_asks(self):
        published = Pipeline(self.ws, [self.step("one")]).publish(name="no schedule")
        for wrong in (
            lambda: Schedule.create(self.ws, "daily", published.id, "e", recurrence=ScheduleRecurrence("Day", 1)),
            lambda: published.endpoint,
            lambda: DatabricksStep(name="x"),
        ):
            with self.assertRaises(NotImplementedError):
                wrong()


if __name__ == "__main__":
    unittest.main()
