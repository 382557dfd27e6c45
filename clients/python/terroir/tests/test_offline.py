"""Scripts outside of a run."""

import contextlib
import io
import os
import unittest
from unittest import mock

import terroir


class Offline(unittest.TestCase):
    """A script that logs works outside of a run as well."""

    def setUp(self) -> None:
        patch = mock.patch.dict(os.environ)
        patch.start()
        self.addCleanup(patch.stop)
        os.environ.pop("AZUREML_RUN_ID", None)

    def test_what_is_logged_is_printed(self) -> None:
        run = terroir.current_run()
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            run.log("loss", 0.5)
            run.log_list("all", [1, 2])
        self.assertEqual("Attempted to log scalar metric loss:\n0.5\nAttempted to log list metric all:\n[1, 2]\n", out.getvalue())
        self.assertTrue(run.flush())
        self.assertEqual([], run.metrics())
        with self.assertRaises(TypeError):
            run.log("loss", object())

    def test_tags_are_those_that_were_set(self) -> None:
        run = terroir.current_run()
        run.change(tags={"a": "1", "b": "2"})
        run.change(tags={"a": None}, displayName="x")
        self.assertEqual({"b": "2"}, run.document["tags"])
        run.complete()
        self.assertEqual("Completed", run.status)
        self.assertTrue(run.id.startswith("OfflineRun_"))

    def test_who_needs_a_run_is_told(self) -> None:
        for call in [lambda: terroir.current_run(allow_offline=False), lambda: terroir.current_run().files()]:
            with self.assertRaises(terroir.TerroirError) as raised:
                call()
            self.assertEqual("not-in-a-run", raised.exception.code)


if __name__ == "__main__":
    unittest.main()
