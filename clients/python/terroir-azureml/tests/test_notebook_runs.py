"""Runs of a notebook: files that they keep, tags, snapshots, and what ends them."""

import os
import unittest
import warnings
import zipfile

from azureml.core import Experiment, Run, ScriptRunConfig
from azureml.exceptions import UserErrorException

from .server import OnAServer
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
    def test_that_are_to_fail_are_canceled(self):
        self.write("src/wait.py", "import time\ntime.sleep(60)\n")
        config = ScriptRunConfig("src", "wait.py", environment=own_python("own"))
        run = Experiment(self.ws, "failing").submit(config)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run.fail("no good")
        self.assertIn("canceled", str(caught[-1].message))
        self.assertEqual(run.wait_for_completion(raise_on_error=False)["status"], "Canceled")


if __name__ == "__main__":
    unittest.main()
