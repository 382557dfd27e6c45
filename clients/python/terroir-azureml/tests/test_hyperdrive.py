"""Searches for parameters: what is drawn, what is ended early, and whole searches on a real server."""

import json
import math
import os
import signal
import subprocess
import sys
import time
import unittest
import warnings

import terroir
from azureml.core import Experiment, Run, ScriptRunConfig
from azureml.exceptions import UserErrorException
from azureml.train.hyperdrive import (
    BanditPolicy,
    BayesianParameterSampling,
    GridParameterSampling,
    HyperDriveConfig,
    HyperDriveRun,
    MedianStoppingPolicy,
    NoTerminationPolicy,
    PrimaryMetricGoal,
    RandomParameterSampling,
    TruncationSelectionPolicy,
    choice,
    lognormal,
    loguniform,
    normal,
    qlognormal,
    qloguniform,
    qnormal,
    quniform,
    randint,
    uniform,
)
from azureml.train.hyperdrive._driver import Search, is_ended, words

from .server import OnAServer, printed
from .test_runs import own_python


class Sampling(unittest.TestCase):
    def test_draws_what_expressions_say(self):
        space = {
            "a": choice(1, "two"), "b": choice([3, 4]), "c": choice(range(5, 7)), "d": randint(3), "e": uniform(0.5, 0.75),
            "f": quniform(16, 64, 16), "g": loguniform(-3, -1), "h": qloguniform(0, 3, 2), "i": normal(10, 3),
            "j": qnormal(10, 3, 0.5), "k": lognormal(0, 1), "l": qlognormal(0, 1, 1),
        }
        found = RandomParameterSampling(space, seed=7)._sets(50)
        self.assertEqual(len(found), 50)
        self.assertEqual(found, RandomParameterSampling(space, seed=7)._sets(50))
        for one in found:
            self.assertEqual(list(one), list(space))
            self.assertIn(one["a"], (1, "two"))
            self.assertIn(one["b"], (3, 4))
            self.assertIn(one["c"], (5, 6))
            self.assertIn(one["d"], (0, 1, 2))
            self.assertTrue(0.5 <= one["e"] <= 0.75)
            self.assertIn(one["f"], (16, 32, 48, 64))
            self.assertTrue(math.exp(-3) <= one["g"] <= math.exp(-1))
            self.assertEqual(one["h"] % 2, 0)
            self.assertEqual(one["j"] % 0.5, 0)
            self.assertGreater(one["k"], 0)
            self.assertIsInstance(one["l"], int)

    def test_draws_no_set_twice(self):
        found = RandomParameterSampling({"x": choice(1, 2, 3), "y": randint(2)})._sets(20)
        self.assertEqual(len({json.dumps(one) for one in found}), 6)
        self.assertEqual(len(RandomParameterSampling({"x": quniform(0, 2, 1)})._sets(20)), 3)

    def test_of_a_grid_is_every_set(self):
        grid = GridParameterSampling({"x": choice(1, 2), "y": choice("a", "b")})
        self.assertEqual(grid._sets(3), [{"x": 1, "y": "a"}, {"x": 1, "y": "b"}, {"x": 2, "y": "a"}])
        with self.assertRaises(UserErrorException):
            GridParameterSampling({"x": uniform(0, 1)})

    def test_says_that_it_does_not_learn(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            BayesianParameterSampling({"x": uniform(0, 1)})
        self.assertIn("at random", str(caught[-1].message))
        with self.assertRaises(UserErrorException):
            BayesianParameterSampling({"x": normal(0, 1)})

    def test_refuses_what_is_no_expression(self):
        for wrong in (3, ["uniform", [1]], ["nothing", [1, 2]], ["quniform", [1, 2]]):
            with self.assertRaises(UserErrorException):
                RandomParameterSampling({"x": wrong})
        for wrong in (lambda: choice(), lambda: uniform(2, 1), lambda: quniform(0, 1, 0)):
            with self.assertRaises(UserErrorException):
                wrong()

    def test_becomes_words_of_a_command_line(self):
        self.assertEqual(words({"--lr": 0.5, "max_iter": 65.0, "-s": "lbfgs"}), ["--lr", "0.5", "--max_iter", "65", "-s", "lbfgs"])


class Policies(unittest.TestCase):
    def ended(self, policy, values, run, count, is_maximized=True, over=()):
        return is_ended(policy.to_json(), values, {one: True for one in over}, run, count, is_maximized)

    def test_bandit(self):
        values = {"best": [0.5, 0.8], "behind": [0.5, 0.66], "near": [0.5, 0.67], "early": [0.1]}
        policy = BanditPolicy(slack_factor=0.2)
        self.assertTrue(self.ended(policy, values, "behind", 2))
        self.assertFalse(self.ended(policy, values, "near", 2))
        self.assertFalse(self.ended(policy, values, "best", 2))
        self.assertTrue(self.ended(BanditPolicy(slack_amount=0.3), values, "early", 1))
        self.assertFalse(self.ended(BanditPolicy(slack_amount=0.3, delay_evaluation=2), values, "early", 1))
        self.assertFalse(self.ended(BanditPolicy(slack_amount=0.0, evaluation_interval=2), values, "early", 1))
        loss = {"best": [1.0], "behind": [1.3], "near": [1.1]}
        self.assertTrue(self.ended(policy, loss, "behind", 1, is_maximized=False))
        self.assertFalse(self.ended(policy, loss, "near", 1, is_maximized=False))
        negative = {"best": [-1.0], "behind": [-2.0]}
        self.assertFalse(self.ended(policy, negative, "best", 1))
        self.assertTrue(self.ended(policy, negative, "behind", 1))

    def test_median(self):
        values = {"a": [0.2, 0.4], "b": [0.5, 0.7], "c": [0.1, 0.25]}
        self.assertTrue(self.ended(MedianStoppingPolicy(), values, "c", 2))
        self.assertFalse(self.ended(MedianStoppingPolicy(), values, "a", 2))

    def test_truncation(self):
        values = {name: [float(name)] for name in "12345"}
        policy = TruncationSelectionPolicy(truncation_percentage=20)
        self.assertEqual([name for name in values if self.ended(policy, values, name, 1)], ["1"])
        self.assertEqual([name for name in values if self.ended(policy, values, name, 1, is_maximized=False)], ["5"])
        alone = TruncationSelectionPolicy(truncation_percentage=50, exclude_finished_jobs=True)
        self.assertFalse(self.ended(alone, {"1": [1.0], "2": [2.0]}, "1", 1, over=["2"]))
        self.assertFalse(self.ended(NoTerminationPolicy(), values, "1", 1))

    def test_refuse_what_cannot_be(self):
        for wrong in (
            lambda: BanditPolicy(),
            lambda: BanditPolicy(slack_factor=0.1, slack_amount=1),
            lambda: BanditPolicy(slack_factor=-1),
            lambda: BanditPolicy(slack_factor=1, evaluation_interval=0),
            lambda: TruncationSelectionPolicy(100),
            lambda: MedianStoppingPolicy(delay_evaluation=-1),
        ):
            with self.assertRaises(UserErrorException):
                wrong()


class WhileAServerIsGone(unittest.TestCase):
    def test_a_search_waits_and_submits_nothing_twice(self):
        asked = []

        class Client:
            def post(self, path, body):
                asked.append(body["runId"])
                raise terroir.Unavailable("unreachable", "gone") if len(asked) == 1 else terroir.Conflict("run-exists", "there")

            def get(self, path, **query):
                return {"runId": path.rpartition("/")[2], "status": "Completed"}

            def patch(self, path, body):
                return {}

            def pages(self, path, **query):
                return iter([{"name": "accuracy", "kind": "scalar", "value": 0.5}])

        plan = {
            "sets": [{"x": 1}], "metric": "accuracy", "goal": "maximize", "policy": {"name": "Default"}, "maxConcurrentRuns": 1,
            "maxDurationMinutes": 1, "former": {}, "experiment": "e", "snapshot": "s", "configuration": {}, "properties": {},
        }
        search = Search(terroir.Run(Client(), "HD_1", {}), plan)
        said = printed(search.run)
        self.assertEqual(asked, ["HD_1_0", "HD_1_0"])
        self.assertIn("does not answer", said)
        self.assertIn("The best is HD_1_0: accuracy = 0.5", said)


TRAIN = """
import argparse, os, time
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--base", type=float)
parser.add_argument("--x", type=int)
parser.add_argument("--steps", type=int, default=2)
parser.add_argument("--pause", type=float, default=0)
args = parser.parse_args()
run = Run.get_context()
for step in range(args.steps):
    run.log("accuracy", args.base + args.x * (step + 1))
    run.flush()
    time.sleep(args.pause)
os.makedirs("outputs", exist_ok=True)
open("outputs/model.txt", "w").write(str(args.x))
"""


class Searches(OnAServer):
    def config(self, sampling, arguments=("--base", 0.5), script=TRAIN, **settings):
        self.write("src/train.py", script)
        run_config = ScriptRunConfig("src", "train.py", arguments=list(arguments), environment=own_python("own"))
        given = dict(primary_metric_name="accuracy", primary_metric_goal=PrimaryMetricGoal.MAXIMIZE, max_total_runs=4, max_concurrent_runs=2)
        return HyperDriveConfig(run_config=run_config, hyperparameter_sampling=sampling, **{**given, **settings})

    def test_try_parameters_and_name_the_best_run(self):
        config = self.config(GridParameterSampling({"--x": choice(1, 3, 2)}))
        run = Experiment(self.ws, "search").submit(config, tags={"mine": "1"})
        self.assertIsInstance(run, HyperDriveRun)
        self.assertEqual(run.type, "hyperdrive")
        self.assertTrue(run.id.startswith("HD_"))
        shown = printed(lambda: run.wait_for_completion(show_output=True))
        self.assertIn("The best is {}_1: accuracy = 6.5".format(run.id), shown)
        self.assertEqual(run.get_status(), "Completed")
        best = run.get_best_run_by_primary_metric()
        self.assertEqual(best.id, run.id + "_1")
        self.assertEqual(best.get_details()["runDefinition"]["arguments"], ["--base", "0.5", "--x", "3"])
        self.assertEqual(best.get_metrics()["accuracy"], [3.5, 6.5])
        self.assertEqual(best.parent.id, run.id)
        self.assertEqual(best.register_model("best", model_path="outputs/model.txt").run_id, best.id)
        self.assertEqual(
            run.get_children_sorted_by_primary_metric(top=2),
            [
                {"run_id": run.id + "_1", "hyperparameters": '{"--x": 3}', "best_primary_metric": 6.5, "status": "Completed"},
                {"run_id": run.id + "_2", "hyperparameters": '{"--x": 2}', "best_primary_metric": 4.5, "status": "Completed"},
            ],
        )
        self.assertEqual(run.get_hyperparameters(), {run.id + "_0": '{"--x": 1}', run.id + "_1": '{"--x": 3}', run.id + "_2": '{"--x": 2}'})
        self.assertEqual(run.get_metrics()[run.id + "_0"], {"accuracy": [1.5, 2.5]})
        again = Run.get(self.ws, run.id)
        self.assertIsInstance(again, HyperDriveRun)
        self.assertEqual(again.properties["best_child_run_id"], best.id)
        tags = again.get_tags()
        self.assertEqual((tags["mine"], tags[run.id + "_0"], tags["max_concurrent_jobs"]), ("1", '{"--x": 1}', "2"))
        self.assertEqual([one.id for one in Experiment(self.ws, "search").get_runs()], [run.id])
        self.assertEqual(HyperDriveRun(Experiment(self.ws, "search"), run.id).get_best_run_by_primary_metric(), best)

    def test_end_runs_that_are_behind(self):
        script = TRAIN.replace("range(args.steps)", "range(args.steps if args.x == 3 else 600)")
        config = self.config(
            GridParameterSampling({"x": choice(3, 1)}), ("--base", 0, "--pause", 0.3, "--steps", 30), script,
            policy=BanditPolicy(slack_factor=0.1, evaluation_interval=1, delay_evaluation=2), max_concurrent_runs=2,
        )
        run = Experiment(self.ws, "behind").submit(config)
        self.assertEqual(run.wait_for_completion()["status"], "Completed")
        self.assertEqual([child["status"] for child in run.get_children_sorted_by_primary_metric()], ["Completed", "Canceled"])
        self.assertEqual(run.get_best_run_by_primary_metric(include_canceled=False).id, run.id + "_0")
        # What a former search has reached counts in a later one.
        again = self.config(
            GridParameterSampling({"x": choice(1)}), ("--base", 0, "--pause", 0.3), script,
            policy=BanditPolicy(slack_factor=0.1, delay_evaluation=2), resume_from=[run],
        )
        later = Experiment(self.ws, "behind").submit(again)
        later.wait_for_completion()
        self.assertEqual([child["status"] for child in later.get_children_sorted_by_primary_metric()], ["Canceled"])
        self.assertEqual(later.get_best_run_by_primary_metric().id, later.id + "_0")
        self.assertEqual(later.get_best_run_by_primary_metric(include_resume_from_runs=True).id, run.id + "_0")

    def test_are_canceled_with_their_runs(self):
        config = self.config(RandomParameterSampling({"--x": randint(1000)}), ("--base", 0, "--pause", 60), max_total_runs=10)
        run = Experiment(self.ws, "canceled").submit(config)
        while sum(child.status == "Running" for child in run.get_children()) < 2:
            time.sleep(0.2)
        run.cancel()
        self.assertEqual(run.get_status(), "Canceled")
        children = list(run.get_children())
        self.assertEqual(len(children), 2)
        for child in children:
            child.wait_for_completion()
            self.assertEqual(child.get_status(), "Canceled")

    def test_go_on_when_the_server_comes_back_elsewhere(self):
        config = self.config(GridParameterSampling({"--x": choice(1, 2)}), ("--base", 0, "--pause", 1), max_concurrent_runs=1)
        run = Experiment(self.ws, "elsewhere").submit(config)
        while not any(child.status == "Running" for child in run.get_children()):
            time.sleep(0.2)
        before = self.ws._service.url()
        with open(os.path.join(self.ws._service.directory, "server", "server.json")) as stream:
            os.kill(json.load(stream)["pid"], signal.SIGKILL)
        self.assertEqual(run.wait_for_completion()["status"], "Completed")
        self.assertNotEqual(self.ws._service.url(), before)
        self.assertEqual([row["best_primary_metric"] for row in run.get_children_sorted_by_primary_metric()], [4.0, 2.0])

    def test_go_on_when_who_submitted_them_has_ended(self):
        self.config(RandomParameterSampling({"--x": choice(1)}))
        self.write("submit.py", """
import sys
from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.train.hyperdrive import *
sys.path.insert(0, {!r})
from tests.test_runs import own_python
script = ScriptRunConfig("src", "train.py", arguments=["--base", 0, "--pause", 1], environment=own_python("own"))
config = HyperDriveConfig(run_config=script, hyperparameter_sampling=GridParameterSampling({{"--x": choice(1, 2)}}),
    primary_metric_name="accuracy", primary_metric_goal=PrimaryMetricGoal.MINIMIZE, max_total_runs=2, max_concurrent_runs=1)
print("submitted", Experiment(Workspace.from_config(), "alone").submit(config).id)
""".format(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
        said = subprocess.run([sys.executable, "submit.py"], stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout
        run = Run.get(self.ws, said.split("submitted ")[1].strip())
        self.assertNotEqual(run.get_status(), "Completed")
        run.wait_for_completion()
        self.assertEqual([row["hyperparameters"] for row in run.get_children_sorted_by_primary_metric()], ['{"--x": 1}', '{"--x": 2}'])

    def test_fail_when_all_of_their_runs_do(self):
        config = self.config(GridParameterSampling({"--x": choice(1, 2)}), ("--base", "no-number"))
        run = Experiment(self.ws, "failing").submit(config)
        self.assertEqual(run.wait_for_completion(raise_on_error=False)["status"], "Failed")
        self.assertIn("All of the 2 runs have failed", "".join(run.get_details_with_logs()["logFiles"].values()))
        self.assertIsNone(run.get_best_run_by_primary_metric())
        self.assertEqual([row["best_primary_metric"] for row in run.get_children_sorted_by_primary_metric()], [None, None])

    def test_refuse_what_they_do_not_know(self):
        for wrong in (
            dict(max_total_runs=0), dict(max_concurrent_runs=0), dict(policy="Bandit"), dict(primary_metric_goal="best"),
            dict(resume_from=["x"]), dict(resume_child_runs=["x"]), dict(estimator=object()),
        ):
            with self.assertRaises(UserErrorException):
                self.config(RandomParameterSampling({"--x": choice(1)}), **wrong)


if __name__ == "__main__":
    unittest.main()
