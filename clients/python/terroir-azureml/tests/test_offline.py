"""What needs no server: exceptions, scripts outside of runs, names that scripts import, estimators, refusals."""

import contextlib
import importlib
import io
import logging
import os
import tempfile
import unittest
from unittest import mock

from azureml.core import Run, Workspace
from azureml.core.compute import AmlCompute
from azureml.core.compute_target import ComputeTargetException
from azureml.core.model import InferenceConfig, Model
from azureml.core.webservice import AciWebservice, AksEndpoint, AksWebservice, LocalWebservice
from azureml.exceptions import RunEnvironmentException, UserErrorException, WebserviceException

NAMES = {
    "azureml.core": "ComputeTarget ContainerRegistry Dataset Datastore Environment Experiment Image Keyvault Model Run RunConfiguration "
    "ScriptRun ScriptRunConfig VERSION Webservice Workspace",
    "azureml.core.authentication": "AzureCliAuthentication InteractiveLoginAuthentication MsiAuthentication "
    "ServicePrincipalAuthentication TokenAuthentication",
    "azureml.core.compute": "AdlaCompute AksCompute AmlCompute BatchCompute ComputeInstance ComputeTarget DataFactoryCompute DatabricksCompute "
    "DsvmCompute HDInsightCompute KubernetesCompute RemoteCompute",
    "azureml.core.compute.amlcompute": "AmlCompute",
    "azureml.core.compute.batch": "BatchCompute",
    "azureml.core.compute.databricks": "DatabricksCompute",
    "azureml.core.compute.dsvm": "DsvmCompute",
    "azureml.core.compute.hdinsight": "HDInsightCompute",
    "azureml.core.compute.kubernetescompute": "KubernetesCompute",
    "azureml.core.compute_target": "ComputeTargetException",
    "azureml.core.conda_dependencies": "CondaDependencies",
    "azureml.core.container_registry": "ContainerRegistry",
    "azureml.core.databricks": "DatabricksSection EggLibrary JarLibrary MavenLibrary PyPiLibrary RCranLibrary",
    "azureml.core.dataset": "Dataset",
    "azureml.core.datastore": "Datastore",
    "azureml.core.environment": "CondaDependencies DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE DockerBuildContext DockerImageDetails DockerSection "
    "Environment ImageBuildDetails PythonSection RCranPackage RGitHubPackage RSection SparkPackage SparkSection",
    "azureml.core.experiment": "Experiment",
    "azureml.core.image": "ContainerImage Image",
    "azureml.core.keyvault": "Keyvault",
    "azureml.core.model": "InferenceConfig Model",
    "azureml.core.resource_configuration": "ResourceConfiguration",
    "azureml.core.run": "Run _OfflineRun ScriptRun",
    "azureml.core.runconfig": "CondaDependencies DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE DataReferenceConfiguration DockerConfiguration "
    "EnvironmentDefinition MpiConfiguration PyTorchConfiguration RunConfiguration TensorflowConfiguration",
    "azureml.core.script_run_config": "ScriptRunConfig",
    "azureml.core.webservice": "AciWebservice AksWebservice LocalWebservice Webservice",
    "azureml.core.webservice.aci": "AciWebservice",
    "azureml.core.webservice.aks": "AksWebservice",
    "azureml.core.webservice.local": "LocalWebservice",
    "azureml.core.workspace": "Workspace",
    "azureml.data": "FileDataset OutputFileDatasetConfig TabularDataset",
    "azureml.data.data_reference": "DataReference",
    "azureml.data.datapath": "DataPath",
    "azureml.data.dataset_consumption_config": "DatasetConsumptionConfig",
    "azureml.data.dataset_factory": "FileDatasetFactory TabularDatasetFactory",
    "azureml.data.azure_storage_datastore": "AzureBlobDatastore AzureFileDatastore",
    "azureml.exceptions": "ActivityFailedException AzureMLException ComputeTargetException ExperimentExecutionException "
    "ModelNotFoundException ProjectSystemException ServiceException UserErrorException WebserviceException",
    "azureml._common.exceptions": "AzureMLException",
    "azureml.train.estimator": "Estimator Mpi",
    "azureml.train.hyperdrive": "BanditPolicy BayesianParameterSampling GridParameterSampling HyperDriveConfig HyperDriveRun "
    "HyperDriveRunConfig MedianStoppingPolicy NoTerminationPolicy PrimaryMetricGoal RandomParameterSampling TruncationSelectionPolicy "
    "choice lognormal loguniform normal qlognormal qloguniform qnormal quniform randint uniform",
    "azureml.train.hyperdrive.parameter_expressions": "choice uniform",
    "azureml.train.hyperdrive.policy": "BanditPolicy",
    "azureml.train.hyperdrive.run": "HyperDriveRun PrimaryMetricGoal",
    "azureml.train.hyperdrive.runconfig": "HyperDriveConfig HyperDriveRunConfig PrimaryMetricGoal",
    "azureml.train.hyperdrive.sampling": "RandomParameterSampling choice uniform",
    "azureml.train.sklearn": "SKLearn",
    "azureml.train.dnn": "Chainer PyTorch TensorFlow",
    "azureml.contrib.services.aml_request": "AMLRequest rawhttp",
    "azureml.contrib.services.aml_response": "AMLResponse",
    "azureml.widgets": "RunDetails",
    "azureml.telemetry": "set_diagnostics_collection",
}


def printed(work):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        work()
    return out.getvalue()


class Names(unittest.TestCase):
    def test_are_where_scripts_import_them_from(self):
        for module, names in NAMES.items():
            loaded = importlib.import_module(module)
            for name in names.split():
                self.assertTrue(hasattr(loaded, name), "{}.{}".format(module, name))

    def test_the_namespace_is_shared_with_other_packages(self):
        for package in ("azureml", "azureml.train", "azureml.contrib", "azureml.contrib.services"):
            self.assertIsNone(getattr(importlib.import_module(package), "__file__", None), package)


class Exceptions(unittest.TestCase):
    def test_print_as_those_of_the_sdk(self):
        self.assertEqual(
            str(UserErrorException("It is so.")),
            'UserErrorException:\n\tMessage: It is so.\n\tInnerException None\n\tErrorResponse \n'
            '{\n    "error": {\n        "code": "UserError",\n        "message": "It is so."\n    }\n}',
        )


class OutsideOfARun(unittest.TestCase):
    def setUp(self):
        kept = mock.patch.dict(os.environ)
        kept.start()
        self.addCleanup(kept.stop)
        os.environ.pop("AZUREML_RUN_ID", None)

    def test_logging_only_prints(self):
        run = Run.get_context()
        self.assertTrue(run.id.startswith("OfflineRun_"))
        self.assertEqual(printed(lambda: run.log("accuracy", 0.9)), "Attempted to log scalar metric accuracy:\n0.9\n")
        self.assertIn("Attempted to log row metric r", printed(lambda: run.log_row("r", x=1)))
        with self.assertRaises(AttributeError):
            run.experiment
        with run.child_run("c") as child:
            self.assertIs(child.parent, run)
        self.assertEqual(child.status, "Completed")

    def test_may_be_refused(self):
        with self.assertRaises(RunEnvironmentException):
            Run.get_context(allow_offline=False)

    def test_config_is_searched_upwards(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(UserErrorException) as raised:
                Workspace.from_config(folder)
        self.assertIn("We could not find config.json in: ", raised.exception.message)
        self.assertIn("or in its parent directories", raised.exception.message)


class Deploying(unittest.TestCase):
    def test_configurations_are_those_of_the_cli(self):
        self.assertEqual(
            AciWebservice.deploy_configuration()._to_json(),
            {
                "computeType": "ACI",
                "containerResourceRequirements": {"cpu": 0.1, "memoryInGB": 0.5},
                "authEnabled": False,
                "sslEnabled": False,
                "appInsightsEnabled": False,
            },
        )
        self.assertEqual(LocalWebservice.deploy_configuration(port=32267)._to_json(), {"computeType": "local", "port": 32267})
        self.assertTrue(AksWebservice.deploy_configuration()._to_json()["authEnabled"])

    def test_what_cannot_be_is_refused_with_what_to_use(self):
        for work, word in (
            (lambda: AciWebservice.deploy_configuration(ssl_enabled=True), "--tls-certificate"),
            (lambda: AciWebservice.deploy_configuration(vnet_name="v"), "virtual network"),
            (lambda: AksWebservice.deploy_configuration(primary_key="k"), "primary_key"),
            (lambda: AksEndpoint.deploy_configuration(), "AksWebservice"),
        ):
            with self.assertRaises(UserErrorException) as raised:
                work()
            self.assertIn(word, raised.exception.message)

    def test_names_of_services_are_looked_at_before_anything_is_sent(self):
        with self.assertRaises(WebserviceException) as raised:
            Model.deploy(None, "my_web_service", [], None)
        self.assertIn("`my-web-service`", raised.exception.message)

    def test_the_entry_script_has_to_be_there(self):
        with self.assertRaises(WebserviceException):
            InferenceConfig(entry_script="absent.py")

    def test_models_are_found_in_a_service(self):
        with tempfile.TemporaryDirectory() as root, mock.patch.dict(os.environ, AZUREML_MODEL_DIR=root):
            for version in ("2", "10"):
                os.makedirs(os.path.join(root, "m", version))
                open(os.path.join(root, "m", version, "model.pkl"), "w").close()
            self.assertEqual(Model.get_model_path("m"), os.path.join(root, "m", "10", "model.pkl"))
            self.assertEqual(Model.get_model_path("m", version=2), os.path.join(root, "m", "2", "model.pkl"))
        with tempfile.TemporaryDirectory() as root, mock.patch.dict(os.environ, AZUREML_MODEL_DIR=root):
            open(os.path.join(root, "model.pkl"), "w").close()
            self.assertEqual(Model.get_model_path("m"), os.path.join(root, "model.pkl"))


class Estimators(unittest.TestCase):
    def setUp(self):
        logging.getLogger("azureml.train").setLevel(logging.ERROR)

    def test_make_an_environment_and_arguments(self):
        from azureml.train.estimator import Estimator
        from azureml.train.sklearn import SKLearn

        estimator = Estimator(".", script_params={"--a": 0.8, "--flag": ""}, entry_script="t.py", conda_packages=["scikit-learn"], pip_packages=["x"])
        config = estimator._script_run_config()
        self.assertEqual(config.arguments, ["--a", 0.8, "--flag"])
        self.assertEqual(config.run_config.environment.python.conda_dependencies.pip_packages, ["azureml-defaults", "x"])
        self.assertIn("scikit-learn", config.run_config.environment.python.conda_dependencies.conda_packages)
        self.assertIn("scikit-learn==1.0", SKLearn(".", entry_script="t.py", framework_version="1.0").conda_dependencies.pip_packages)


    def test_run_in_a_container_when_one_is_asked_for(self):
        from azureml.train.estimator import Estimator

        for settings, expected in (
            ({"compute_target": "cpu-cluster"}, False),
            ({"compute_target": "local"}, False),
            ({"use_docker": True}, True),
            ({"custom_docker_image": "debian:12-slim"}, True),
            ({"custom_docker_image": "debian:12-slim", "use_docker": False}, False),
        ):
            configuration = Estimator(".", entry_script="t.py", **settings).run_config
            self.assertEqual(configuration.docker.use_docker, expected, settings)

    def test_name_no_versions_of_their_own(self):
        from azureml.train.dnn import Chainer, PyTorch, TensorFlow
        from azureml.train.sklearn import SKLearn

        for kind in (Chainer, PyTorch, SKLearn, TensorFlow):
            self.assertEqual((kind.get_supported_versions(), kind.DEFAULT_VERSION), ([], None))

    def test_of_tensorflow_take_workers_and_versions(self):
        from azureml.train.dnn import ParameterServer, TensorFlow

        for settings in (
            {"distributed_backend": "ps", "worker_count": 2, "parameter_server_count": 3},
            {"distributed_training": ParameterServer(worker_count=2, parameter_server_count=3)},
        ):
            configuration = TensorFlow(".", entry_script="t.py", node_count=2, **settings).run_config
            self.assertEqual(configuration.communicator, "ParameterServer")
            self.assertEqual((configuration.tensorflow.worker_count, configuration.tensorflow.parameter_server_count), (2, 3))
        for version, gpu, expected in (
            ("1.13", True, "tensorflow-gpu==1.13.*"),
            ("1.13.1", False, "tensorflow==1.13.1"),
            ("2.2", True, "tensorflow==2.2.*"),
        ):
            made = TensorFlow(".", entry_script="t.py", framework_version=version, use_gpu=gpu)
            self.assertIn(expected, made.conda_dependencies.pip_packages)


class Targets(unittest.TestCase):
    def test_take_counts_that_were_read_from_variables(self):
        made = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", min_nodes="0", max_nodes="4")
        self.assertEqual((made.min_nodes, made.max_nodes), (0, 4))
        for count in ("-1", "many"):
            with self.assertRaises(ComputeTargetException) as raised:
                AmlCompute.provisioning_configuration(max_nodes=count)
            self.assertIn(count, raised.exception.message)


class WhatIsNotHere(unittest.TestCase):
    def test_says_what_to_use_when_it_is_imported(self):
        for module, word in (
            ("azureml.opendatasets", "Datastore.upload"),
            ("azureml.interpret.ext.blackbox", "shap"),
            ("azureml.explain.model", "shap"),
            ("azureml.dataprep", "Dataset.Tabular"),
            ("azureml.automl.core", "ScriptRunConfig"),
            ("azureml.train.automl", "ScriptRunConfig"),
            ("azureml.datadrift", "Run.log"),
            ("azureml.fairness", "fairlearn"),
        ):
            with self.assertRaises(ImportError) as raised:
                importlib.import_module(module)
            self.assertIn("is not part of Terroir", str(raised.exception))
            self.assertIn(word, str(raised.exception), module)


class RawRequests(unittest.TestCase):
    def test_are_marked(self):
        from azureml.contrib.services.aml_request import rawhttp

        self.assertTrue(callable(rawhttp(lambda request: None)))


if __name__ == "__main__":
    unittest.main()
