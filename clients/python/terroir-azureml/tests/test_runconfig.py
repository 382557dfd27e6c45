"""Run configurations and the files that hold them."""

import os
import tempfile
import unittest

from azureml.core import Environment, RunConfiguration, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import DockerConfiguration, MpiConfiguration, PyTorchConfiguration
from azureml.exceptions import RunConfigurationException, UserErrorException


class AConfiguration(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = made.name

    def test_has_the_defaults_of_the_sdk(self):
        document = RunConfiguration()._plain_json()
        self.assertEqual(document["target"], "local")
        self.assertEqual(document["framework"], "Python")
        self.assertEqual(document["communicator"], "None")
        self.assertEqual(
            document["history"],
            {"outputCollection": True, "directoriesToWatch": ["logs"], "snapshotProject": True, "enableMLflowTracking": True},
        )
        self.assertEqual(document["docker"], {"useDocker": False, "sharedVolumes": True, "shmSize": "2g", "arguments": []})
        self.assertEqual(document["spark"]["configuration"]["spark.app.name"], "Azure ML Experiment")
        self.assertEqual(document["environment"]["docker"]["shmSize"], "2g")

    def test_is_saved_and_loaded(self):
        configuration = RunConfiguration(script="train.py", arguments=["--rate", 0.1], framework="pyspark", conda_dependencies=CondaDependencies())
        configuration.environment.python.conda_dependencies.add_conda_package("python=3.10")
        configuration.environment.environment_variables = {"A": "yes", "B": "1"}
        configuration.history.output_collection = False
        for separate in (False, True):
            configuration.save(self.folder, "train", separate_environment_yaml=separate)
            with open(os.path.join(self.folder, ".azureml", "train.runconfig")) as stream:
                text = stream.read()
            self.assertIn("# The script to run.\nscript: train.py\n", text)
            loaded = RunConfiguration.load(self.folder, "train")
            self.assertEqual(loaded.environment.environment_variables, {"A": "yes", "B": "1"})
            self.assertEqual(loaded.environment.python.conda_dependencies.get_python_version(), "3.10")
            self.assertEqual(loaded.framework, "PySpark")
            self.assertFalse(loaded.history.output_collection)
            self.assertEqual(loaded.environment._to_json(), configuration.environment._to_json())

    def test_of_the_first_generation_is_read(self):
        path = os.path.join(self.folder, "docker.runconfig")
        with open(path, "w") as stream:
            stream.write('ArgumentVector:\n  - "$file"\n  - "x"\nTarget: "docker"\nFramework: "PySpark"\nEnvironmentVariables:\n  "E": "V"\n')
        loaded = RunConfiguration.load(path)
        self.assertEqual((loaded.target, loaded.framework, loaded.arguments), ("docker", "PySpark", ["x"]))
        self.assertEqual(loaded.environment_variables, {"E": "V"})

    def test_refuses_what_is_no_framework_and_says_where_it_looked(self):
        with self.assertRaises(RunConfigurationException):
            RunConfiguration(framework="Cobol")
        with self.assertRaises(RunConfigurationException) as raised:
            RunConfiguration.load(self.folder, "absent")
        self.assertIn(os.path.join(".azureml", "absent.runconfig"), raised.exception.message)

    def test_reads_one_that_names_a_conda_file(self):
        os.makedirs(os.path.join(self.folder, ".azureml"))
        with open(os.path.join(self.folder, ".azureml", "conda.yml"), "w") as stream:
            stream.write("dependencies:\n- python=3.9\n")
        with open(os.path.join(self.folder, ".azureml", "a.runconfig"), "w") as stream:
            stream.write("script: a.py\nenvironment:\n  python:\n    condaDependenciesFile: .azureml/conda.yml\n")
        loaded = RunConfiguration.load(self.folder, "a")
        self.assertEqual(loaded.environment.python.conda_dependencies.conda_packages, ["python=3.9"])


class AScriptRunConfig(unittest.TestCase):
    def test_takes_target_and_environment(self):
        environment = Environment("e")
        config = ScriptRunConfig(
            ".", "train.py", ["--a", 1], compute_target="local", environment=environment, docker_runtime_config=DockerConfiguration(use_docker=True)
        )
        self.assertIs(config.run_config.environment, environment)
        self.assertTrue(config.run_config.docker.use_docker)
        self.assertEqual(config.run_config.max_run_duration_seconds, 2592000)

    def test_of_2020_is_completed_by_its_run_config(self):
        config = ScriptRunConfig(source_directory=".", script="train.py")
        config.run_config.target = "local"
        config.run_config.environment = Environment("e")
        config.run_config.history.snapshot_project = False
        self.assertEqual(config.run_config._plain_json()["history"]["snapshotProject"], False)

    def test_distributes(self):
        config = ScriptRunConfig(".", "t.py", distributed_job_config=MpiConfiguration(2, 3))
        self.assertEqual((config.run_config.communicator, config.run_config.node_count), ("Mpi", 3))
        config = ScriptRunConfig(".", "t.py", distributed_job_config=PyTorchConfiguration("Gloo", 4))
        self.assertEqual((config.run_config.framework, config.run_config.communicator), ("PyTorch", "Gloo"))

    def test_refuses_contradictions(self):
        with self.assertRaises(UserErrorException):
            ScriptRunConfig(".", "t.py", command="python t.py")
        told = RunConfiguration(command="echo told")
        with self.assertRaisesRegex(UserErrorException, "t.py.*echo told"):
            ScriptRunConfig(".", "t.py", run_config=told)
        self.assertIsNone(ScriptRunConfig(".", run_config=told).script)
        with self.assertRaises(UserErrorException):
            ScriptRunConfig(".", "t.py", run_config=RunConfiguration(), compute_target="local")


if __name__ == "__main__":
    unittest.main()
