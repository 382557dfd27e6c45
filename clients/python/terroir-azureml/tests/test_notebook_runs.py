"""Runs of a notebook: files that they keep, tags, snapshots, and what ends them."""

import os
import time
import unittest
import warnings
import zipfile

from azureml.core import Dataset, Experiment, Run, ScriptRunConfig
from azureml.core.runconfig import PyTorchConfiguration, RunConfiguration
from azureml.exceptions import ActivityFailedException, UserErrorException
from azureml.train.estimator import Estimator

from .server import OnAServer, printed
from .test_runs import own_python


class RunsOfANotebook(OnAServer):
    def begun(self, name, **settings):
        return Experiment(self.ws, name).start_logging(**settings)

    def test_keep_what_is_new_in_outputs(self):
        self.write("outputs/before.txt", "of another run")
        run = self.begun("outputs")
        self.write("outputs/deep/model.txt", "weights")
        run.complete()
        self.assertEqual(run.get_file_names(), ["outputs/deep/model.txt"])
        with self.begun("outputs") as again:
            self.write("outputs/before.txt", "changed")
        self.assertEqual(again.get_file_names(), ["outputs/before.txt"])

    def test_upload_a_file_once(self):
        with self.begun("once") as run:
            run.upload_file("outputs/told.txt", self.write("outputs/told.txt", "told"))
        self.assertEqual(run.get_file_names(), ["outputs/told.txt"])

    def test_find_outputs_made(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.makedirs("elsewhere", exist_ok=True)
        os.chdir("elsewhere")
        with self.begun("made"):
            self.assertTrue(os.path.isdir("outputs"))

    def test_leave_outputs_alone_when_others_are_named(self):
        self.write("kept/a.txt", "a")
        run = self.begun("named", outputs="kept")
        self.write("outputs/b.txt", "b")
        run.complete()
        self.assertEqual(run.get_file_names(), ["kept/a.txt"])

    def test_have_tags_without_values(self):
        run = self.begun("tags", snapshot_directory=None)
        run.tag("favourite")
        run.tag("rank", 1)
        self.assertEqual(run.get_tags(), {"favourite": None, "rank": "1"})
        self.assertEqual(Run(run.experiment, run.id).tags, {"favourite": None, "rank": "1"})
        self.assertEqual([found.id for found in run.experiment.get_runs(tags="favourite")], [run.id])

    def test_restore_what_they_ran_from(self):
        self.write("source/train.py", "print(1)\n")
        self.write("source/lib/more.py", "x = 1\n")
        run = self.begun("snapshots", snapshot_directory="source")
        path = run.restore_snapshot(path="restored")
        self.assertEqual(os.path.dirname(path), "restored")
        self.assertEqual(run.get_details()["properties"]["ContentSnapshotId"], run.get_snapshot_id())
        with zipfile.ZipFile(path) as archive:
            self.assertEqual(sorted(archive.namelist()), ["lib/more.py", "train.py"])
            self.assertEqual(archive.read("train.py"), b"print(1)\n")

    def test_take_snapshots_by_the_way(self):
        run = self.begun("taking", snapshot_directory=None)
        with self.assertRaises(UserErrorException):
            run.restore_snapshot()
        self.write("source/train.py", "print(2)\n")
        for place in ("source", "source/train.py"):
            with zipfile.ZipFile(run.restore_snapshot(run.take_snapshot(place), "taken")) as archive:
                self.assertEqual(archive.read("train.py"), b"print(2)\n")
        with self.assertRaises(UserErrorException):
            run.take_snapshot("absent")


class RunsOfScripts(OnAServer):
    def submitted(self, text, name, **settings):
        self.write("src/train.py", text)
        return Experiment(self.ws, name).submit(ScriptRunConfig("src", "train.py", environment=own_python("own"), **settings))

    def test_register_models_by_paths_with_a_dot(self):
        run = self.submitted("import os\nos.makedirs('outputs', exist_ok=True)\nopen('outputs/m.txt', 'w').close()\n", "dots")
        run.wait_for_completion()
        self.assertEqual(run.register_model("dotted", "./outputs/m.txt").version, 1)
        self.assertEqual(run.register_model("dotted", "outputs/").version, 2)

    def test_take_the_inputs_of_an_estimator(self):
        self.write("data/a.csv", "x,y\n1,2\n")
        store = self.ws.get_default_datastore()
        store.upload("data", "inputs", overwrite=True, show_progress=False)
        files = Dataset.File.from_files((store, "inputs")).register(self.ws, "inputs", create_new_version=True)
        text = (
            "import os\nfrom azureml.core import Run\nrun = Run.get_context()\nprint(os.listdir(run.input_datasets['files']))\n"
            "run.input_datasets['more'] = 5\nprint(run.input_datasets['more'])\n"
        )
        self.write("src/train.py", text)
        estimator = Estimator(
            "src",
            entry_script="train.py",
            compute_target="local",
            environment_definition=own_python("own"),
            inputs=[files.as_named_input("files").as_download()],
        )
        run = Experiment(self.ws, "inputs").submit(estimator)
        self.assertIn("['a.csv']\n5\n", printed(lambda: run.wait_for_completion(show_output=True)))

    def test_resume_from_the_outputs_of_another(self):
        text = (
            "import argparse, os\nparser = argparse.ArgumentParser()\nparser.add_argument('--resume-from')\nparser.add_argument('--rate')\n"
            "args = parser.parse_args()\nfound = os.listdir(args.resume_from) if args.resume_from else []\nprint('found', found, args.rate)\n"
            "os.makedirs('outputs', exist_ok=True)\nopen('outputs/checkpoint.%d' % len(found), 'w').close()\n"
        )
        first = self.submitted(text, "resuming")
        with self.assertRaises(UserErrorException):
            Experiment(self.ws, "resuming").start_logging(snapshot_directory=None)._get_outputs_datapath()
        first.wait_for_completion()
        place = first._get_outputs_datapath()
        estimator = Estimator(
            "src",
            entry_script="train.py",
            script_params={"--rate": 0.5},
            environment_definition=own_python("own"),
            resume_from=place,
        )
        for config in (estimator, ScriptRunConfig("src", "train.py", ["--rate", 0.5], environment=own_python("own"), resume_from=place)):
            run = Experiment(self.ws, "resuming").submit(config)
            text = printed(lambda: run.wait_for_completion(show_output=True))
            self.assertIn("found ['checkpoint.0'] 0.5\n", text)
            self.assertIn("outputs/checkpoint.1", run.get_file_names())
        with self.assertRaises(UserErrorException):
            Experiment(self.ws, "resuming").submit(ScriptRunConfig("src", "train.py", environment=own_python("own"), resume_from="outputs"))

    def test_on_targets_of_their_own_are_local(self):
        self.write("src/train.py", "")
        for target in ("amlcompute", "containerinstance"):
            configuration = RunConfiguration()
            configuration.environment = own_python("own")
            configuration.target = target
            run = Experiment(self.ws, "targets").submit(ScriptRunConfig("src", "train.py", run_config=configuration), tags={"on": target, "plain": None})
            self.assertEqual(run.wait_for_completion()["target"], "local")
            self.assertEqual(run.get_tags(), {"on": target, "plain": None})
        configuration.target = "absent"
        with self.assertRaises(UserErrorException) as raised:
            Experiment(self.ws, "targets").submit(ScriptRunConfig("src", "train.py", run_config=configuration))
        self.assertIn("absent", raised.exception.message)

    def test_fail_when_their_script_says_so(self):
        text = "from azureml.core import Run\nrun = Run.get_context()\nrun.fail('no convergence')\nrun.log('late', 7)\nprint('after')\n"
        run = self.submitted(text, "saying")
        self.assertEqual(run.wait_for_completion(raise_on_error=False)["status"], "Failed")
        self.assertEqual(run.get_metrics(), {"late": 7})
        said = run.get_details_with_logs()["logFiles"]["azureml-logs/70_driver_log.txt"]
        self.assertIn("The run fails: no convergence", said)
        self.assertIn("after", said)

    def test_that_are_distributed_are_one_process_and_say_so(self):
        text = "import os\nprint(os.environ['RANK'], os.environ['WORLD_SIZE'], os.environ['MASTER_ADDR'])\n"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run = self.submitted(text, "distributed", distributed_job_config=PyTorchConfiguration(node_count=2))
        self.assertIn("one process on the server's machine", str(caught[-1].message))
        self.assertIn("0 1 127.0.0.1\n", printed(lambda: run.wait_for_completion(show_output=True)))

    def test_fail_when_their_submitter_says_so(self):
        self.write("src/wait.py", "import time\ntime.sleep(60)\n")
        config = ScriptRunConfig("src", "wait.py", environment=own_python("own"))
        run = Experiment(self.ws, "failing").submit(config)
        while run.get_status() != "Running":
            time.sleep(0.1)
        run.fail("no good", error_code="Mine")
        self.assertEqual(run.get_status(), "Failed")
        self.assertEqual(run.get_details()["error"], {"error": {"code": "Mine", "message": "no good"}})
        with self.assertRaises(ActivityFailedException) as raised:
            run.wait_for_completion()
        self.assertIn("no good", raised.exception.message)
        with Experiment(self.ws, "failing").start_logging(snapshot_directory=None) as parent:
            child = parent.submit_child(config)
            child.fail()
            self.assertEqual(child.get_status(), "Failed")


if __name__ == "__main__":
    unittest.main()
