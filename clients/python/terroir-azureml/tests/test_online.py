"""Environments, data, models and compute targets on a real server."""

import copy
import json
import os
import unittest

from azureml.core import ComputeTarget, Dataset, Datastore, Environment, Experiment, Model, Workspace
from azureml.core.compute import AmlCompute, DsvmCompute, RemoteCompute
from azureml.core.compute_target import ComputeTargetException
from azureml.exceptions import ModelNotFoundException, UserErrorException, WebserviceException

from .server import OnAServer, printed, wheel


class TheWorkspace(OnAServer):
    def test_says_what_it_is(self):
        ws = self.ws
        self.assertEqual((ws.name, ws.resource_group, ws.subscription_id), ("ws-of-tests", "g", "s"))
        self.assertEqual(ws.get_details()["name"], "ws-of-tests")
        self.assertIn("ws-of-tests", ws._repr_html_())
        self.assertIn("<th>Docs Page</th>", ws._repr_html_())
        self.assertIn("<td>help(azureml.core.experiment.Experiment)</td>", Experiment(ws, "shown")._repr_html_())

    def test_is_found_again_by_the_config_that_it_writes(self):
        self.ws.write_config(path="other")
        found = Workspace.from_config(path="other")
        self.assertEqual(found.name, self.ws.name)
        self.assertEqual(found._service.directory, self.ws._service.directory)
        self.assertEqual(Workspace("s", "g", "ws-of-tests")._service.directory, self.ws._service.directory)
        self.assertIn("ws-of-tests", Workspace.list())

    def test_is_made_once(self):
        made = Workspace.create(name="second", exist_ok=True, show_output=False)
        self.assertEqual(Workspace.get("second").name, made.name)
        with self.assertRaises(Exception) as raised:
            Workspace.create(name="second")
        self.assertIn("already exists", str(raised.exception))
        with self.assertRaises(Exception) as raised:
            Workspace.get("absent")
        self.assertIn("No workspaces found with name=absent", str(raised.exception))


    def test_is_named_for_mlflow(self):
        from azureml.mlflow._place import artifact_uri, files_of, workspace_of

        uri = self.ws.get_mlflow_tracking_uri()
        self.assertTrue(uri.startswith("azureml://"), uri)
        self.assertEqual(workspace_of(uri)._service.directory, self.ws._service.directory)
        files = artifact_uri(self.ws, "runs", "a run")
        self.assertEqual(files_of(files.replace("?", "/model/x.bin?")), ["runs", "a run", "model", "x.bin"])
        self.assertEqual(workspace_of(files).name, self.ws.name)
        with self.assertRaises(UserErrorException):
            workspace_of("azureml://elsewhere.example/mlflow")

    def test_is_the_same_in_what_is_copied(self):
        copied = copy.deepcopy({"of": self.ws, "store": self.ws.get_default_datastore()})
        self.assertIs(copied["of"], self.ws)
        self.assertEqual(copied["store"].name, "workspaceblobstore")

    def test_has_experiments_with_tags(self):
        experiment = Experiment(self.ws, "tagged")
        experiment.tag("stage", "early")
        experiment.tag("known")
        self.assertEqual([found.name for found in Experiment.list(self.ws, tags={"stage": "early"})], ["tagged"])
        experiment = Experiment(self.ws, "tagged")
        experiment.archive()
        self.assertNotIn("tagged", [found.name for found in Experiment.list(self.ws)])
        self.assertEqual([found.name for found in Experiment.list(self.ws, view_type="ArchivedOnly")], ["tagged"])
        self.assertIn("tagged", [found.name for found in Experiment.list(self.ws, view_type="All")])
        experiment.set_tags({"more": "1"})
        experiment.remove_tags(["more"])
        self.assertEqual((experiment.tags, experiment.archived_time is None), ({"stage": "early", "known": ""}, False))
        experiment.reactivate()
        self.assertEqual((experiment.tags, experiment.archived_time), ({"stage": "early", "known": ""}, None))
        self.assertIn("tagged", self.ws.experiments)
        with self.assertRaises(UserErrorException):
            Experiment.list(self.ws, view_type="Some")
        self.assertIn("known", Experiment(self.ws, "tagged").tags)


class Environments(OnAServer):
    def test_are_registered_and_come_back(self):
        environment = Environment("myenv")
        environment.python.conda_dependencies.add_pip_package("numpy")
        registered = environment.register(workspace=self.ws)
        self.assertIsNot(registered, environment)
        self.assertIsNone(environment.version)
        self.assertEqual((registered.name, registered.version), ("myenv", "1"))
        self.assertEqual(environment.register(self.ws).version, "1")
        environment.python.conda_dependencies.add_pip_package("pandas")
        self.assertEqual(environment.register(self.ws).version, "2")
        self.assertEqual(Environment.get(workspace=self.ws, name="myenv").version, "2")
        first = Environment.get(self.ws, "myenv", version=1)
        self.assertEqual(first.python.conda_dependencies.pip_packages, ["azureml-defaults", "numpy"])
        Environment.label(self.ws, "myenv", "1", ["prod"])
        self.assertEqual(Environment.get(self.ws, "myenv", label="prod").version, "1")
        self.assertEqual(self.ws.environments["myenv"].version, "2")

    def test_of_the_service_are_listed_with_their_packages(self):
        environments = Environment.list(workspace=self.ws)
        self.assertIsInstance(environments, dict)
        curated = [name for name in environments if name.startswith("AzureML")]
        self.assertIn("AzureML-Minimal", curated)
        for name in curated:
            self.assertIn("dependencies", environments[name].python.conda_dependencies.serialize_to_string())

    def test_that_there_are_not_are_named(self):
        for arguments in ({"name": "absent"}, {"name": "AzureML-Minimal", "version": "77777"}):
            with self.assertRaises(UserErrorException) as raised:
                Environment.get(self.ws, **arguments)
            self.assertIn(arguments["name"], raised.exception.message)
        with self.assertRaises(UserErrorException):
            Environment.get(self.ws, "x", version="1", label="y")

    def test_of_the_retired_service_are_told_apart_from_those_that_there_are(self):
        found = Environment.get(self.ws, "AzureML-Scikit-learn-0.20.3")
        self.assertIn("scikit-learn==0.22.2.post1", list(found.python.conda_dependencies.pip_packages))
        with self.assertRaises(UserErrorException) as raised:
            Environment.get(self.ws, "AzureML-sklearn-0.99-ubuntu18.04-py37-cpu")
        self.assertIn("AzureML-sklearn-0.24", raised.exception.message)
        with self.assertRaises(UserErrorException) as raised:
            Environment.get(self.ws, "mine")
        self.assertNotIn("curated", raised.exception.message)

    def test_of_a_reserved_name_are_refused(self):
        with self.assertRaises(UserErrorException) as raised:
            Environment("AzureML-Mine").register(self.ws)
        self.assertIn("AzureML-Mine", raised.exception.message)

    def test_of_a_dockerfile_keep_its_text(self):
        text = "FROM debian:12-slim\n"
        self.write("Dockerfile", text)
        environment = Environment("of-file")
        environment.docker.base_image = None
        environment.docker.base_dockerfile = "./Dockerfile"
        environment.register(self.ws)
        self.assertEqual(Environment.get(self.ws, "of-file").docker.base_dockerfile, text)

    def test_have_image_details_without_a_build(self):
        details = Environment("details").get_image_details(workspace=self.ws)
        self.assertFalse(details.image_exist)
        self.assertIn("azureml/azureml_", details.repository)
        self.assertIn("FROM", details["ingredients"]["dockerfile"])

    def test_use_private_wheels(self):
        path = wheel(self.project)
        url = Environment.add_private_pip_wheel(workspace=self.ws, file_path=path)
        with self.assertRaises(UserErrorException):
            Environment.add_private_pip_wheel(self.ws, path)
        self.assertEqual(Environment.add_private_pip_wheel(self.ws, path, exist_ok=True), url)
        environment = Environment("private")
        environment.python.conda_dependencies.add_pip_package(url)
        self.assertIn(url, environment.register(self.ws).python.conda_dependencies.pip_packages)

    def test_of_files_that_name_files_are_read_by_the_program(self):
        self.write("more.txt", "six\n")
        self.write("requirements.txt", "-r more.txt\nattrs\n")
        packages = Environment.from_pip_requirements("x", "requirements.txt").python.conda_dependencies
        self.assertEqual(sorted(packages.pip_packages), ["attrs", "azureml-defaults", "six"])

    def test_saved_here_are_what_the_program_scaffolds(self):
        from azureml._terroir.program import run_terroir

        run_terroir("environment", "scaffold", "-n", "same", "-d", "scaffolded")
        environment = Environment("same")
        environment.environment_variables = {}
        environment.save_to_directory("saved")
        for name in ("azureml_environment.json", "conda_dependencies.yml"):
            with open(os.path.join("scaffolded", name), "rb") as one, open(os.path.join("saved", name), "rb") as other:
                self.assertEqual(one.read(), other.read())


class Builds(OnAServer):
    def test_fail_with_their_log_and_the_protocol(self):
        environment = Environment("broken")
        environment.python.conda_dependencies.set_pip_requirements(["no-such-distribution-of-anybody==77"])
        build = []
        text = printed(lambda: build.append(environment.build(workspace=self.ws)))
        self.assertIn("Building a non-registered environment is not supported. Registering environment.", text)

        def wait():
            with self.assertRaises(Exception) as raised:
                build[0].wait_for_completion(show_output=True)
            self.assertIn("no-such-distribution-of-anybody", str(raised.exception))

        text = printed(wait)
        self.assertTrue(text.startswith("Image Build Status: "), text)
        self.assertIn("Image Build Status: Failed\n\n", text)
        self.assertEqual(build[0].status, "Failed")


class Data(OnAServer):
    def test_goes_to_a_datastore_and_back(self):
        self.write("data/a.csv", "x,y\n1,2\n")
        self.write("data/sub/b.csv", "x,y\n3,4\n")
        store = self.ws.get_default_datastore()
        self.assertEqual(store.name, "workspaceblobstore")
        text = printed(lambda: store.upload(src_dir="data", target_path="in", overwrite=True, show_progress=True))
        self.assertIn("Uploaded 2 files", text)
        self.assertEqual(store.download("back", prefix="in", show_progress=False), 2)
        with open("back/in/sub/b.csv") as stream:
            self.assertEqual(stream.read(), "x,y\n3,4\n")
        self.assertIn("Target already exists", printed(lambda: store.upload_files(["data/a.csv"], target_path="in")))
        with self.assertRaises(UserErrorException):
            Datastore.get(self.ws, "absent")

        files = Dataset.File.from_files(path=(store, "in"))
        self.assertEqual(sorted(files.to_path()), ["/a.csv", "/sub/b.csv"])
        registered = files.register(workspace=self.ws, name="inputs")
        self.assertEqual((registered.name, registered.version), ("inputs", 1))
        again = Dataset.get_by_name(self.ws, name="inputs")
        self.assertEqual(sorted(os.path.basename(path) for path in again.download("again")), ["a.csv", "b.csv"])
        with self.assertRaises(UserErrorException):
            Dataset.File.from_files([(store, "in/sub")]).register(self.ws, "inputs")
        self.assertEqual(Dataset.File.from_files([(store, "in/sub")]).register(self.ws, "inputs", create_new_version=True).version, 2)
        self.assertEqual(Dataset.File.from_files((store, "in/**/*.csv")).to_path(), ["/a.csv", "/sub/b.csv"])
        with self.assertRaises(UserErrorException):
            Dataset.get_by_name(self.ws, "absent")

    def test_of_a_run_is_named_in_its_arguments(self):
        from azureml.core import ScriptRunConfig

        self.write("src/train.py", "")
        store = self.ws.get_default_datastore()
        files = Dataset.File.from_files((store, "in"))
        config = ScriptRunConfig(
            "src", "train.py", ["--a", store.path("in", "first").as_mount(), "--b", files.as_named_input("second").as_download(), "--c", store, 0.5]
        )
        submission = config._submission(self.ws, "e")
        self.assertEqual(
            submission.configuration["arguments"],
            ["--a", "$AZUREML_DATAREFERENCE_first", "--b", "DatasetConsumptionConfig:second", "--c", "$AZUREML_DATAREFERENCE_workspaceblobstore", "0.5"],
        )
        self.assertEqual(submission.configuration["dataReferences"]["first"]["mode"], "mount")
        self.assertEqual(submission.configuration["data"]["second"]["mechanism"], "download")
        self.assertEqual(submission.configuration["environment"]["name"], "Experiment e Environment")
        json.dumps(submission.configuration)


class Models(OnAServer):
    def test_are_registered_listed_and_downloaded(self):
        self.write("outputs/model.pkl", "a model")
        self.write("folder/deep/part.bin", "part")
        model = Model.register(self.ws, model_path="outputs/model.pkl", model_name="m", tags={"area": "x"}, description="d")
        self.assertEqual((model.name, model.version, model.id, model.tags, model.description), ("m", 1, "m:1", {"area": "x"}, "d"))
        self.assertEqual(Model.register(self.ws, "folder", "m").version, 2)
        self.assertEqual(Model(self.ws, "m").version, 2)
        self.assertEqual(Model(self.ws, id="m:1").version, 1)
        self.assertEqual(Model(self.ws, "m", tags=["area"]).version, 1)
        self.assertEqual([found.id for found in Model.list(self.ws, name="m")], ["m:2", "m:1"])
        self.assertEqual([found.id for found in Model.list(self.ws, latest=True)], ["m:2"])
        self.assertEqual([found.id for found in Model.list(self.ws, tags=[["area", "x"]])], ["m:1"])
        path = model.download(target_dir="got", exist_ok=True)
        self.assertEqual(path, os.path.join("got", "model.pkl"))
        with self.assertRaises(WebserviceException):
            model.download("got")
        folder = Model(self.ws, "m").download("got")
        self.assertEqual(os.listdir(os.path.join(folder, "deep")), ["part.bin"])
        self.assertEqual(self.ws.models["m"].version, 2)
        path = Model.get_model_path("m", version=1, _workspace=self.ws)
        with open(path) as stream:
            self.assertEqual(stream.read(), "a model")
        model.add_tags({"b": "1"})
        model.remove_tags(["area"])
        self.assertEqual(Model(self.ws, id="m:1").tags, {"b": "1"})
        model.delete()
        with self.assertRaises(WebserviceException) as raised:
            Model(self.ws, "m", version=1)
        self.assertIsInstance(raised.exception, ModelNotFoundException)
        self.assertIn("ModelNotFound", str(raised.exception))


class Targets(OnAServer):
    def test_are_made_when_they_are_not_there(self):
        try:
            ComputeTarget(workspace=self.ws, name="cpu-cluster")
            self.fail("it is there")
        except ComputeTargetException as e:
            self.assertIn("ComputeTargetNotFound", e.message)
        config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=4)
        target = ComputeTarget.create(self.ws, "cpu-cluster", config)
        text = printed(lambda: target.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20))
        self.assertEqual(
            text, "Creating\nSucceeded\nAmlCompute wait for completion finished\n\nMinimum number of nodes requested have been provisioned\n"
        )
        again = self.ws.compute_targets["cpu-cluster"]
        self.assertIsInstance(again, AmlCompute)
        self.assertEqual((again.name, again.type, again.provisioning_state), ("cpu-cluster", "AmlCompute", "Succeeded"))
        self.assertEqual(again.get_status().serialize()["scaleSettings"]["maxNodeCount"], 4)
        self.assertEqual(again.get_status().scale_settings.maximum_node_count, 4)
        self.assertEqual(again.get_status().serialize()["nodeStateCounts"]["idleNodeCount"], 1)
        again.update(max_nodes="8", idle_seconds_before_scaledown=300)
        self.assertEqual(again.scale_settings.maximum_node_count, 8)
        self.assertIn("local", self.ws.compute_targets)
        self.assertEqual(list(again.get_active_runs()), [])
        self.assertEqual((again.status.vm_size, again.vm_priority), ("STANDARD_D2_V2", "dedicated"))
        again.delete()
        self.assertNotIn("cpu-cluster", self.ws.compute_targets)
        machine = ComputeTarget.create(self.ws, "mydsvm", DsvmCompute.provisioning_configuration(vm_size="Standard_D2_v2"))
        self.assertIsInstance(RemoteCompute(self.ws, "mydsvm"), RemoteCompute)
        self.assertEqual((machine.type, machine.provisioning_state), ("VirtualMachine", "Succeeded"))
        with self.assertRaises(ComputeTargetException):
            AmlCompute.provisioning_configuration(max_nodes=-1)


if __name__ == "__main__":
    unittest.main()
