"""Scripts with the calls of published notebooks of the retired service, in our own words, each run as a program of its own."""

import importlib.util
import os
import subprocess
import sys
import textwrap
import unittest

from .server import OnAServer

# What every script begins with: a configuration file is all that it knows of the workspace.
_BEGIN = """
import os, sys, json, warnings
import azureml.core
from azureml.core import Dataset, Datastore, Environment, Experiment, Model, Run, ScriptRunConfig, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
ws = Workspace.from_config()
print(ws.name, ws.location, ws.subscription_id, ws.resource_group, azureml.core.VERSION, sep="\\n")

def own(name="own"):
    made = Environment(name)
    made.python.user_managed_dependencies = True
    made.python.interpreter_path = sys.executable
    made.environment_variables = {"PYTHONPATH": os.environ["PYTHONPATH"]}
    return made

def write(name, text):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "w") as stream:
        stream.write(text)
"""


class Scripts(OnAServer):
    def script(self, text):
        self.write("script.py", _BEGIN + textwrap.dedent(text) + "\nprint('it is done')\n")
        paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "script.py"],
            env=dict(os.environ, PYTHONPATH=paths),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        self.assertTrue(done.stdout.rstrip().endswith("it is done"), done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_that_manage_runs(self):
        self.script("""
            exp = Experiment(workspace=ws, name="explore-runs")
            with exp.start_logging() as notebook_run:
                notebook_run.log(name="message", value="Hello from run!")
                assert notebook_run.get_status() == "Running"
            assert notebook_run.get_status() == "Completed"
            write("src/hello.py", "from azureml.core import Run\\nrun = Run.get_context()\\nfor child in run.create_children(count=3):\\n"
                  "    child.log('c', 1)\\n    child.complete()\\nprint('Hello!')\\n")
            run = exp.submit(ScriptRunConfig(source_directory="src", script="hello.py", environment=own()))
            run.wait_for_completion(show_output=True)
            assert "Hello!" in "".join(run.get_details_with_logs()["logFiles"].values())
            run.add_properties({"author": "azureml-user"})
            try:
                run.add_properties({"author": "different-user"})
                raise SystemExit("a property has changed")
            except Exception as e:
                print(e)
            run.tag("quality", "great run")
            run.tag("quality", "fantastic run")
            run.tag("worth another look")
            assert run.get_tags() == {"quality": "fantastic run", "worth another look": None}, run.get_tags()
            found = list(exp.get_runs(properties={"author": "azureml-user"}, tags={"quality": "fantastic run"}))
            assert [one.id for one in found] == [run.id]
            assert list(exp.get_runs(properties={"author": "azureml-user"}, tags="worth another look")) == [run]
            assert len(list(run.get_children())) == 3
            assert len(list(exp.get_runs(type="azureml.scriptrun"))) == 1 and not list(exp.get_runs(type="hyperdrive"))
            write("src/slow.py", "import time\\ntime.sleep(60)\\n")
            slow = exp.submit(ScriptRunConfig(source_directory="src", script="slow.py", environment=own()))
            slow.cancel()
            slow.wait_for_completion(raise_on_error=False)
            assert slow.get_status() == "Canceled"
            failed = exp.start_logging()
            failed.fail(error_details="no good")
            assert failed.get_status() == "Failed"
            assert os.path.isfile(run.restore_snapshot(path="restored"))
            Experiment(ws, "never-used")
            try:
                Experiment.delete(ws, exp.id)
                raise SystemExit("runs have gone")
            except Exception as e:
                assert "Only empty Experiments can be deleted" in str(e), e
            Experiment.delete(ws, ws.experiments["never-used"].id)
            assert "never-used" not in ws.experiments
        """)

    def test_that_log_in_every_way(self):
        self.script("""
            experiment = Experiment(workspace=ws, name="logging-api-test")
            run = experiment.start_logging()
            run_id = run.id
            run.log(name="Category", value="Red")
            run.log(name="scale factor", value=2)
            run.log_list(name="Fibonacci", value=(i * 2 for i in [0, 1, 1, 2, 3]))
            for i in range(-2, 2):
                run.log(name="Sigmoid", value=1 / (1 + 2.718 ** -i))
                run.log_row(name="Cosine Wave", angle=i / 2.0, cos=i * i)
            run.log_table(name="Sine Wave", value={"angle": [0, 1], "sine": [0.0, 0.84]})
            write("outputs/myfile.txt", "This is an output file that will be uploaded.")
            run.upload_file(name="outputs/myfile.txt", path_or_stream="outputs/myfile.txt")
            run.complete()
            fetched = Run(experiment, run_id)
            metrics = fetched.get_metrics()
            assert metrics["Fibonacci"] == [0, 2, 2, 4, 6] and len(metrics["Sigmoid"]) == 4, metrics
            assert metrics["Cosine Wave"]["angle"] == [-1.0, -0.5, 0.0, 0.5], metrics
            assert fetched.get_metrics(name="scale factor") == {"scale factor": 2}
            os.makedirs("files", exist_ok=True)
            for f in run.get_file_names():
                fetched.download_file(f, os.path.join("files", f.split("/")[-1]))
            assert os.path.isfile("files/myfile.txt")
            fetched.tag("Competition Rank", 1)
            assert fetched.get_tags()["Competition Rank"] == "1"
        """)

    def test_that_sweep_in_a_notebook_and_register_the_best(self):
        self.script("""
            experiment = Experiment(workspace=ws, name="train-within-notebook")
            for alpha in (0.1, 0.2, 0.3):
                with experiment.start_logging() as run:
                    run.log(name="alpha", value=alpha)
                    run.log(name="mse", value=abs(alpha - 0.2))
                    write("outputs/model.json", json.dumps({"alpha": alpha}))
                    run.take_snapshot("./")
            runs, run_metrics = {}, {}
            for r in experiment.get_runs():
                metrics = r.get_metrics()
                if "mse" in metrics.keys():
                    runs[r.id], run_metrics[r.id] = r, metrics
            best_run_id = min(run_metrics, key=lambda k: run_metrics[k]["mse"])
            runs[best_run_id].tag("Best Run")
            model = runs[best_run_id].register_model(model_name="best_model", model_path="outputs/model.json")
            assert [(m.name, m.version) for m in Model.list(ws, name="best_model")] == [("best_model", 1)]
            assert json.load(open(model.download("got")))["alpha"] == 0.2
        """)

    def test_that_mount_an_input_and_write_an_output(self):
        self.script("""
            from azureml.data import OutputFileDatasetConfig
            try:
                target = ComputeTarget(workspace=ws, name="cpu-cluster")
            except ComputeTargetException:
                target = ComputeTarget.create(ws, "cpu-cluster", AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4))
                target.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)
            print(target.get_status().serialize())
            write("iris.csv", "a,b\\n1,2\\n")
            write("script_run/dummy_train.py", "import os, sys\\n"
                  "with open(sys.argv[1]) as f, open(os.path.join(sys.argv[2], 'output.csv'), 'w') as fw:\\n    fw.write(f.read())\\n")
            store = ws.get_default_datastore()
            store.upload_files(files=["iris.csv"], target_path="script-run/", overwrite=True, show_progress=True)
            input_data = Dataset.File.from_files(store.path("script-run/iris.csv")).as_named_input("input").as_mount()
            output = OutputFileDatasetConfig(destination=(store, "sample/outputdataset"))
            src = ScriptRunConfig(source_directory="script_run", script="dummy_train.py", arguments=[input_data, output],
                                  compute_target=target, environment=own())
            Experiment(ws, "ScriptRun_sample").submit(config=src).wait_for_completion(show_output=True)
            store.download("back", prefix="sample/outputdataset", show_progress=False)
            assert open("back/sample/outputdataset/output.csv").read() == "a,b\\n1,2\\n"
        """)

    def test_that_tune_start_warm_and_resume(self):
        self.script("""
            from azureml.train.hyperdrive import (HyperDriveConfig, PrimaryMetricGoal, RandomParameterSampling,
                                                  TruncationSelectionPolicy, choice, loguniform)
            from azureml.widgets import RunDetails
            write("tune/train.py", '''
            import argparse, os
            from azureml.core import Run
            parser = argparse.ArgumentParser()
            parser.add_argument("--units", type=int)
            parser.add_argument("--resume-from", default=None)
            args = parser.parse_args()
            begun = int(open(os.path.join(args.resume_from, "steps.txt")).read()) if args.resume_from else 0
            run = Run.get_context()
            for step in range(2):
                run.log("validation_acc", float(args.units + begun + step))
            os.makedirs("outputs/model", exist_ok=True)
            open("outputs/steps.txt", "w").write(str(begun + 100))
            open("outputs/model/weights.txt", "w").write(str(args.units))
            '''.replace("\\n            ", "\\n").lstrip())
            src = ScriptRunConfig(source_directory="tune", script="train.py", environment=own())
            settings = dict(run_config=src, policy=TruncationSelectionPolicy(evaluation_interval=2, truncation_percentage=25),
                            hyperparameter_sampling=RandomParameterSampling({"--units": choice(1, 2)}),
                            primary_metric_name="validation_acc", primary_metric_goal=PrimaryMetricGoal.MAXIMIZE,
                            max_total_runs=2, max_concurrent_runs=2)
            exp = Experiment(ws, "tuned")
            htr = exp.submit(config=HyperDriveConfig(**settings))
            RunDetails(htr).show()
            htr.wait_for_completion(show_output=True)
            assert htr.get_status() == "Completed"
            best_run = htr.get_best_run_by_primary_metric()
            assert best_run.get_details()["runDefinition"]["arguments"] == ["--units", "2"]
            model = best_run.register_model(model_name="tuned", model_path="outputs/model")
            assert open(os.path.join(model.download("tuned"), "weights.txt")).read() == "2" and os.listdir("tuned") == ["model"]
            again = Model.register(ws, model_path="tuned/model", model_name="tuned")
            assert os.listdir(again.download("again")) == ["weights.txt"] and os.listdir("again") == ["model"]
            settings.update(max_total_runs=3, resume_from=[htr], resume_child_runs=[Run(exp, best_run.id)])
            warm = exp.submit(config=HyperDriveConfig(**settings))
            warm.wait_for_completion(show_output=True)
            resumed = warm.get_best_run_by_primary_metric()
            assert resumed.get_metrics()["validation_acc"] == [102.0, 103.0], resumed.get_metrics()
            assert "--resume-from" in resumed.get_details()["runDefinition"]["arguments"]
            assert [one.id for one in exp.get_runs(type="hyperdrive")] == [warm.id, htr.id]
            assert not list(exp.get_runs(type="azureml.scriptrun"))
        """)

    def test_that_resume_training_by_a_reference(self):
        self.script("""
            from azureml.data.datapath import DataPathComputeBinding
            write("resume/train.py", "import os, sys\\n"
                  "begun = int(open(os.path.join(sys.argv[2], 'step.txt')).read()) if len(sys.argv) > 2 else 0\\n"
                  "os.makedirs('outputs', exist_ok=True)\\nopen('outputs/step.txt', 'w').write(str(begun + 1))\\n")
            experiment = Experiment(ws, name="resume-training")
            run = experiment.submit(ScriptRunConfig(source_directory="resume", script="train.py", environment=own()))
            run.wait_for_completion(show_output=True)
            reference = run._get_outputs_datapath().create_data_reference(datapath_compute_binding=DataPathComputeBinding(mode="mount"))
            src = ScriptRunConfig(source_directory="resume", script="train.py", arguments=["--resume-from", str(reference)], environment=own())
            src.run_config.data_references = {reference.data_reference_name: reference.to_config()}
            resumed = experiment.submit(src)
            resumed.wait_for_completion(show_output=True)
            resumed.download_file("outputs/step.txt", "step.txt")
            assert open("step.txt").read() == "2"
        """)

    def test_that_keep_secrets(self):
        self.script("""
            from azureml.core.authentication import InteractiveLoginAuthentication, ServicePrincipalAuthentication
            auth = ServicePrincipalAuthentication(tenant_id="t", service_principal_id="a", service_principal_password="p")
            again = Workspace(subscription_id="s", resource_group="g", workspace_name=ws.name, auth=auth)
            assert "Found workspace " + again.name
            keyvault = ws.get_default_keyvault()
            keyvault.set_secret(name="secret-name", value="hidden")
            assert {"name": "secret-name"} in keyvault.list_secrets()
            assert keyvault.get_secret(name="secret-name") == "hidden"
            keyvault.delete_secret("secret-name")
            try:
                keyvault.get_secret("secret-name")
                raise SystemExit("it is still known")
            except Exception as e:
                assert "SECRET_NAME" in str(e), e
        """)

    def test_that_train_evaluate_and_register_for_operations(self):
        self.script("""
            from azureml.core.compute import RemoteCompute
            try:
                vm = RemoteCompute(workspace=ws, name="my-vm")
            except ComputeTargetException:
                config = RemoteCompute.attach_configuration(username="u", address="10.0.0.4", ssh_port=22, private_key_file="id_rsa")
                vm = ComputeTarget.attach(ws, "my-vm", config)
                vm.wait_for_completion(show_output=True)
            assert isinstance(ws.compute_targets["my-vm"], RemoteCompute)
            write("data.csv", "x,y\\n1,2\\n")
            store = ws.get_default_datastore()
            store.upload_files(["data.csv"], target_path="operations", overwrite=True)
            dataset = Dataset.Tabular.from_delimited_files(path=(store, "operations/data.csv"))
            dataset = dataset.register(workspace=ws, name="operations_ds", create_new_version=True)
            write("operate/train.py", '''
            import os, sys
            from azureml.core import Dataset, Run
            from azureml.core.model import Model as AMLModel
            run = Run.get_context()
            dataset = Dataset.get_by_name(run.experiment.workspace, "operations_ds", "latest")
            run.input_datasets["training_data"] = dataset
            run.parent.tag("dataset_id", value=dataset.id)
            run.parent.log("mse", float(sys.argv[1]))
            os.makedirs("outputs", exist_ok=True)
            open("outputs/model.pkl", "w").write(sys.argv[1])
            production = AMLModel.list(run.experiment.workspace, name="operations.pkl", tags=[["experiment_name", run.experiment.name]])
            if production and Run(run.experiment, run_id=production[0].run_id).parent.get_metrics()["mse"] <= float(sys.argv[1]):
                run.parent.cancel()
                sys.exit(0)
            found = Dataset.get_by_id(run.experiment.workspace, run.parent.get_tags()["dataset_id"])
            run.upload_file("kept/model.pkl", "outputs/model.pkl")
            run.register_model("operations.pkl", "kept/model.pkl", datasets=[("training data", found)],
                               tags={"experiment_name": run.experiment.name, "mse": run.parent.get_metrics()["mse"]})
            '''.replace("\\n            ", "\\n").lstrip())
            exp = Experiment(ws, "operations")
            for mse in (3.0, 5.0):
                with exp.start_logging() as parent:
                    src = ScriptRunConfig(source_directory="operate", script="train.py", arguments=[mse], compute_target=vm, environment=own())
                    child = parent.submit_child(src)
                    child.wait_for_completion(show_output=True, wait_post_processing=True)
                    if parent.get_status() == "Canceled":
                        break
            assert mse == 5.0 and parent.get_status() == "Canceled"
            model = Model(ws, name="operations.pkl", version=None, tags=[["experiment_name", "operations"]])
            assert (model.version, model.tags["mse"], model.run_id is not None) == (1, "3.0", True), model
            dataset.unregister_all_versions()
            assert "operations_ds" not in ws.datasets
            try:
                Dataset.get_by_name(ws, "operations_ds")
                raise SystemExit("it is still registered")
            except Exception as e:
                assert "operations_ds" in str(e)
            assert model.datasets["training data"][0].name == "operations_ds"
        """)

    def test_that_use_curated_environments(self):
        self.script("""
            for env in Environment.list(workspace=ws):
                if env.startswith("AzureML"):
                    print("Name", env)
            curated = Environment.get(workspace=ws, name="AzureML-PyTorch-1.6-GPU")
            assert "torch==1.6.0" in curated.python.conda_dependencies.serialize_to_string()
            mine = Environment.get(ws, name="AzureML-TensorFlow-1.13-GPU").clone("my-tensorflow")
            mine.python.conda_dependencies.add_pip_package("six")
            assert mine.register(workspace=ws).version == "1"
            restored = Environment.get(workspace=ws, name="my-tensorflow", version="1")
            assert "six" in list(restored.python.conda_dependencies.pip_packages)
            for name, env in ws.environments.items():
                print("Name {} \\t version {}".format(name, env.version))
            assert "AzureML-sklearn-0.24-ubuntu18.04-py37-cpu" in ws.environments
            changed = Environment.get(ws, "AzureML-sklearn-1.0")
            changed.inferencing_stack_version = "latest"
            changed.python, changed.environment_variables = own().python, own().environment_variables
            write("curated/hello.py", "print('hello')\\n")
            run = Experiment(ws, "of-curated").submit(ScriptRunConfig("curated", "hello.py", environment=changed))
            run.wait_for_completion(show_output=True)
            assert run.get_environment().name == "AzureML-sklearn-1.0"
            write("hello.py", "print('hello')\\n")
            Experiment(ws, "of-curated").submit(ScriptRunConfig(source_directory="", script="hello.py", environment=own())).wait_for_completion()
            from pathlib import Path
            write("image/Dockerfile", "FROM debian:12-slim\\n")
            assert Environment.from_dockerfile("of-file", Path("image/Dockerfile")).docker.base_dockerfile == "FROM debian:12-slim\\n"
            ws.write_config(path="elsewhere/.azureml")
            assert Workspace.from_config("elsewhere") == Workspace.from_config("elsewhere/.azureml/config.json")
        """)

    def test_that_show_logs_by_tensorboard(self):
        self.script("""
            import importlib.util, socket, urllib.request
            from azureml.exceptions import OptionalDependencyMissingException
            from azureml.tensorboard import Tensorboard
            from azureml.tensorboard.export import export_to_tensorboard
            write("board/train.py", "import os\\nfrom azureml.core import Run\\nos.makedirs('logs/tb-logs', exist_ok=True)\\n"
                  "open('logs/tb-logs/events.out.tfevents.1', 'w').close()\\nRun.get_context().log('loss', 0.5)\\n")
            run = Experiment(ws, "tensorboard-demo").submit(ScriptRunConfig("board", "train.py", environment=own()))
            run.wait_for_completion(show_output=True)
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            tb = Tensorboard([run], local_root="shown", port=port)
            if importlib.util.find_spec("tensorboard") is None:
                for start in (tb.start, lambda: export_to_tensorboard(run, "exported")):
                    try:
                        start()
                        raise SystemExit("it has started")
                    except OptionalDependencyMissingException as e:
                        assert "install tensorboard" in str(e)
            else:
                import time
                address = tb.start()
                assert os.listdir(os.path.join("shown", run.id, "logs", "tb-logs")) == ["events.out.tfevents.1"]
                for _ in range(300):
                    try:
                        assert b"TensorBoard" in urllib.request.urlopen(address).read()
                        break
                    except OSError:
                        time.sleep(0.1)
                else:
                    raise SystemExit("nothing answers at " + address)
                tb.stop()
                export_to_tensorboard(run, "exported")
                assert os.listdir("exported")
        """)

    def test_that_submit_a_script_which_logs_by_mlflow(self):
        self.write("of_mlflow/train.py", textwrap.dedent("""
            import os
            import mlflow
            with mlflow.start_run() as run:
                mlflow.log_param("alpha", 0.03)
                mlflow.log_metric("mse", 2.5)
                mlflow.set_tag("kind", "ridge")
                open("note.txt", "w").write("noted")
                mlflow.log_artifact("note.txt", "notes")
                with mlflow.start_run(nested=True):
                    mlflow.log_metric("inner", 1)
            assert run.info.run_id == os.environ["AZUREML_RUN_ID"]
        """))
        self.script("""
            from azureml.core.conda_dependencies import CondaDependencies
            env = Environment(name="mlflow-env")
            env.python.conda_dependencies = CondaDependencies.create(pip_packages=["azureml-mlflow"], python_version="3.11")
            src = ScriptRunConfig(source_directory="of_mlflow", script="train.py", environment=env)
            run = Experiment(workspace=ws, name="submitted-with-mlflow").submit(src)
            run.wait_for_completion(show_output=True)
            assert run.get_metrics() == {"mse": 2.5}, run.get_metrics()
            assert "notes/note.txt" in run.get_file_names() and run.get_tags()["kind"] == "ridge"
            assert [child.get_metrics() for child in run.get_children()] == [{"inner": 1.0}]
        """)

    @unittest.skipUnless(importlib.util.find_spec("mlflow"), "needs MLflow in this interpreter")
    def test_that_run_a_project_of_mlflow(self):
        self.script("""
            import mlflow, mlflow.projects
            write("project/MLproject", "name: small\\nentry_points:\\n  main:\\n    parameters:\\n      alpha: {type: float, default: 0.1}\\n"
                  "    command: \\"python train.py --alpha {alpha}\\"\\n")
            write("project/train.py", "import sys, mlflow\\nwith mlflow.start_run():\\n    mlflow.log_metric('alpha', float(sys.argv[2]))\\n")
            mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())
            mlflow.set_experiment("of-a-project")
            local = mlflow.projects.run(uri="project", parameters={"alpha": 0.3}, backend="azureml",
                                        backend_config={"COMPUTE": "local", "USE_CONDA": False})
            assert Run.get(ws, local.run_id).get_metrics() == {"alpha": 0.3}
            assert Run.get(ws, local.run_id).experiment.name == "of-a-project"
        """)

    @unittest.skipUnless(importlib.util.find_spec("mlflow"), "needs MLflow in this interpreter")
    def test_that_log_by_mlflow(self):
        self.script("""
            import mlflow
            mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())
            mlflow.set_experiment("with-mlflow")
            with mlflow.start_run() as run:
                mlflow.log_param("alpha", 0.03)
                for step in range(3):
                    mlflow.log_metric("mse", 3.0 - step, step=step)
                write("model/weights.txt", "1 2 3")
                mlflow.log_artifacts("model", "model")
                with mlflow.start_run(nested=True) as inner:
                    mlflow.log_metric("inner", 1)
            own_run = Run.get(ws, run.info.run_id)
            assert own_run.status == "Completed" and own_run.get_metrics() == {"mse": [3.0, 2.0, 1.0]}, own_run.get_metrics()
            assert own_run.get_file_names() == ["model/weights.txt"]
            assert [child.id for child in own_run.get_children()] == [inner.info.run_id]
            assert mlflow.get_run(run.info.run_id).data.params == {"alpha": "0.03"}
            assert "with-mlflow" in ws.experiments
            registered = mlflow.register_model("runs:/{}/model".format(run.info.run_id), "of-mlflow")
            assert Model(ws, "of-mlflow").version == int(registered.version) == 1
            place = mlflow.artifacts.download_artifacts("models:/of-mlflow/1")
            assert open(os.path.join(place, "weights.txt")).read() == "1 2 3"
        """)


if __name__ == "__main__":
    unittest.main()
