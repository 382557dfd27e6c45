"""What scripts share that drive other runs."""

import io
import json
import os
import tempfile
import unittest
from contextlib import redirect_stdout

import terroir
from terroir import driving


class Words(unittest.TestCase):
    def test_are_replaced_everywhere(self):
        document = {"a": ["{n}", "n={n}"], "b": {"{n}": {"c": "{list}"}}, "d": 7, "e": "{other}"}
        self.assertEqual(
            driving.replaced(document, {"{n}": 3, "{list}": [1]}), {"a": [3, "n=3"], "b": {3: {"c": [1]}}, "d": 7, "e": "{other}"}
        )

    def test_give_each_run_places_of_its_own(self):
        template = {"dataReferences": {"out": {"pathOnDataStore": "x/{run-id}"}}, "environmentVariables": {"MASTER_PORT": "1"}}
        made = driving.configuration_of(template, "r_1")
        self.assertEqual(made["dataReferences"]["out"]["pathOnDataStore"], "x/r_1")
        self.assertTrue(29500 <= int(made["environmentVariables"]["MASTER_PORT"]) <= 39999)
        self.assertEqual(template["environmentVariables"]["MASTER_PORT"], "1")


class Drives(unittest.TestCase):
    def test_submit_nothing_twice_and_go_on_when_a_run_cannot_be_ended(self):
        class Client:
            def post(self, path, body=None):
                if path == "/runs":
                    raise terroir.Conflict("run-exists", "there")
                raise terroir.NotFound("run-not-found", "gone")

            def get(self, path, **query):
                return {"runId": path.rpartition("/")[2], "status": "Running"}

        drive = driving.Drive(terroir.Run(Client(), "parent", {}), {})
        run = drive.submit("parent_1", {"experiment": "e"})
        self.assertEqual((run.id, run.status), ("parent_1", "Running"))
        out = io.StringIO()
        with redirect_stdout(out):
            drive.cancel(run)
        self.assertIn("parent_1 is not canceled", out.getvalue())

    def test_read_the_plan_beside_them(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "plan.json"), "w") as stream:
                json.dump({"a": 1}, stream)
            self.assertEqual(driving.plan_beside(os.path.join(folder, "drive.py")), {"a": 1})


if __name__ == "__main__":
    unittest.main()
