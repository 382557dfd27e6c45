"""Environments before they are sent anywhere."""

import json
import os
import tempfile
import unittest
import warnings

from azureml.core import Environment
from azureml.core.environment import (
    DEFAULT_CPU_IMAGE,
    CondaDependencies,
    ContainerRegistry,
    DockerBuildContext,
    DockerImageDetails,
    RCranPackage,
    RSection,
    SparkPackage,
)
from azureml.exceptions import UserErrorException


def written(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as stream:
        stream.write(text)
    return path


class InAFolder(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = made.name


class ANewEnvironment(unittest.TestCase):
    def test_has_the_defaults_of_the_sdk(self):
        environment = Environment("myenv")
        self.assertIsNone(environment.version)
        self.assertEqual(environment.environment_variables, {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"})
        self.assertFalse(environment.python.user_managed_dependencies)
        self.assertEqual(environment.python.interpreter_path, "python")
        self.assertEqual(environment.docker.base_image, DEFAULT_CPU_IMAGE)
        self.assertEqual(environment.docker.shm_size, "2g")
        self.assertTrue(environment.spark.precache_packages)
        self.assertIsNone(environment.r)

    def test_prints_as_json_in_the_order_of_saved_files(self):
        document = json.loads(str(Environment("myenv")))
        self.assertEqual(
            list(document),
            ["name", "version", "environmentVariables", "python", "docker", "spark", "databricks", "r", "inferencingStackVersion"],
        )
        self.assertEqual(document["python"]["condaDependencies"]["dependencies"][1], {"pip": ["azureml-defaults"]})
        self.assertEqual(repr(Environment("myenv")), str(Environment("myenv")))

    def test_is_changed_section_by_section(self):
        environment = Environment("myenv")
        environment.environment_variables["K"] = "V"
        environment.docker.base_image_registry = "registry.example"
        environment.spark.packages.append(SparkPackage("g", "a", "1"))
        environment.r = RSection()
        environment.r.cran_packages = [RCranPackage("ggplot2")]
        document = json.loads(str(environment))
        self.assertEqual(document["environmentVariables"]["K"], "V")
        self.assertEqual(document["docker"]["baseImageRegistry"]["address"], "registry.example")
        self.assertEqual(document["spark"]["packages"], [{"group": "g", "artifact": "a", "version": "1"}])
        self.assertEqual(document["r"]["cranPackages"][0]["name"], "ggplot2")
        self.assertEqual(Environment("other").environment_variables, {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"})

    def test_clones_deeply(self):
        environment = Environment("one")
        environment.__dict__["version"] = "3"
        copy = environment.clone("two")
        copy.python.conda_dependencies.add_pip_package("x")
        copy.docker.arguments.append("--gpus=all")
        self.assertEqual((copy.name, copy.version), ("two", None))
        self.assertEqual(environment.python.conda_dependencies.pip_packages, ["azureml-defaults"])
        self.assertEqual(environment.docker.arguments, [])

    def test_says_that_docker_enabled_is_deprecated(self):
        with self.assertLogs("azureml.core", "WARNING") as logged:
            Environment("x").docker.enabled = True
        self.assertIn("'enabled' is deprecated. Please use the azureml.core.runconfig.DockerConfiguration object", logged.output[0])

    def test_warns_of_attributes_that_there_are_not(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Environment("x").docker.base_imag = "debian"
        self.assertIn("base_image", str(caught[0].message))

    def test_never_shows_a_password(self):
        environment = Environment("x")
        environment.docker.base_image_registry = ContainerRegistry()
        environment.docker.base_image_registry.username = "u"
        environment.docker.base_image_registry.password = "hush-hush"
        self.assertNotIn("hush-hush", str(environment))
        with self.assertLogs("azureml.core", "WARNING"):
            self.assertNotIn("hush-hush", json.dumps(environment._for_server()))

    def test_wants_a_name_that_is_text(self):
        with self.assertRaises(UserErrorException) as raised:
            Environment(3)
        self.assertIn("Environment name expected str", raised.exception.message)


class MadeOfFiles(InAFolder):
    def test_conda_specification(self):
        path = written(self.folder, "env.yml", "name: project\nchannels: [conda-forge]\ndependencies:\n- python=3.10\n- numpy\n")
        environment = Environment.from_conda_specification(name="myenv", file_path=path)
        self.assertEqual(environment.python.conda_dependencies.conda_packages, ["python=3.10", "numpy"])
        self.assertEqual(environment.name, "myenv")
        with self.assertRaises(UserErrorException):
            Environment.from_conda_specification("x", os.path.join(self.folder, "absent.yml"))

    def test_pip_requirements_follow_the_defaults_package(self):
        path = written(
            self.folder,
            "requirements.txt",
            "# a comment\n--extra-index-url https://example.org/simple\nnumpy>=1.20 # why\npandas \\\n  ==2.0\n\nx @ https://example.org/x.whl#sha256=00\n",
        )
        packages = Environment.from_pip_requirements("myenv", path, pip_version="20.2.4").python.conda_dependencies
        self.assertEqual(packages.pip_packages, ["azureml-defaults", "numpy>=1.20", "pandas   ==2.0", "x @ https://example.org/x.whl#sha256=00"])
        self.assertEqual(packages.pip_options, ["--extra-index-url https://example.org/simple"])
        self.assertEqual(packages.conda_packages[-1], "pip=20.2.4")

    def test_dockerfile_as_text_and_as_a_path(self):
        text = "FROM debian:12-slim\nRUN true\n"
        path = written(self.folder, "Dockerfile", text)
        for given in (text, path):
            environment = Environment.from_dockerfile("x", given)
            self.assertIsNone(environment.docker.base_image)
            self.assertEqual(environment.docker.base_dockerfile, text)
            self.assertTrue(environment.python.user_managed_dependencies)
        environment = Environment("x")
        environment.docker.base_image = None
        environment.docker.base_dockerfile = path
        self.assertEqual(environment._for_server()["docker"]["baseDockerfile"], text)
        environment.docker.base_dockerfile = "./Absent"
        with self.assertRaises(UserErrorException):
            environment._for_server()

    def test_image_with_packages_or_its_own_python(self):
        self.assertTrue(Environment.from_docker_image("x", "debian:12").python.user_managed_dependencies)
        path = written(self.folder, "requirements.txt", "numpy\n")
        environment = Environment.from_docker_image("x", "debian:12", pip_requirements=path)
        self.assertFalse(environment.python.user_managed_dependencies)
        self.assertEqual(environment.docker.base_image, "debian:12")

    def test_build_context(self):
        environment = Environment.from_docker_build_context("x", DockerBuildContext("Git", "https://example.org/r.git"))
        self.assertEqual(
            json.loads(str(environment))["docker"]["buildContext"],
            {"locationType": "Git", "location": "https://example.org/r.git", "dockerfilePath": "Dockerfile"},
        )


class SavedAndLoaded(InAFolder):
    def test_comes_back_as_it_was(self):
        environment = Environment("myenv")
        environment.python.conda_dependencies.add_pip_package("numpy")
        environment.docker.base_image = None
        environment.docker.base_dockerfile = "FROM debian\n"
        place = os.path.join(self.folder, "saved")
        environment.save_to_directory(path=place)
        self.assertEqual(sorted(os.listdir(place)), ["BaseDockerfile", "azureml_environment.json", "conda_dependencies.yml"])
        with open(os.path.join(place, "azureml_environment.json")) as stream:
            text = stream.read()
        self.assertNotIn("baseDockerfile", text)
        self.assertNotIn('"condaDependencies"', text)
        self.assertFalse(text.endswith("\n"))
        loaded = Environment.load_from_directory(path=place)
        self.assertEqual(json.loads(str(loaded)), json.loads(str(environment)))
        self.assertEqual(
            loaded.python.conda_dependencies.serialize_to_string(), environment.python.conda_dependencies.serialize_to_string()
        )

    def test_overwrites_only_when_told(self):
        Environment("a").save_to_directory(self.folder)
        with self.assertRaises(UserErrorException):
            Environment("b").save_to_directory(self.folder)
        Environment("b").save_to_directory(self.folder, overwrite=True)
        self.assertEqual(Environment.load_from_directory(self.folder).name, "b")

    def test_user_managed_has_no_packages_beside_it(self):
        environment = Environment("a")
        environment.python.user_managed_dependencies = True
        environment.save_to_directory(self.folder)
        self.assertEqual(os.listdir(self.folder), ["azureml_environment.json"])

    def test_keeps_unknown_members_and_the_order_of_all(self):
        document = {"version": "Autosave_1", "name": "x", "later": {"a": [1]}, "python": {"userManagedDependencies": True, "new": 1}}
        written(self.folder, "azureml_environment.json", json.dumps(document))
        loaded = Environment.load_from_directory(self.folder)
        loaded.save_to_directory(self.folder, overwrite=True)
        with open(os.path.join(self.folder, "azureml_environment.json")) as stream:
            again = json.load(stream)
        self.assertEqual(list(again)[:4], ["version", "name", "later", "python"])
        self.assertEqual(again["python"], {"userManagedDependencies": True, "new": 1})

    def test_says_what_is_missing(self):
        with self.assertRaises(UserErrorException) as raised:
            Environment.load_from_directory(self.folder)
        self.assertIn("azureml_environment.json", raised.exception.message)
        Environment("a").save_to_directory(self.folder)
        os.remove(os.path.join(self.folder, "conda_dependencies.yml"))
        with self.assertRaises(UserErrorException) as raised:
            Environment.load_from_directory(self.folder)
        self.assertIn("conda_dependencies.yml", raised.exception.message)


class ImageDetails(unittest.TestCase):
    def test_are_properties_and_the_dictionary_of_old(self):
        details = DockerImageDetails(
            imageExistsInRegistry=True,
            ingredients={"dockerfile": "FROM x"},
            pythonEnvironment={"interpreterPath": "python", "condaEnvironmentPath": "/opt/env"},
            dockerImage={"name": "azureml/azureml_0", "registry": {"address": "host"}},
        )
        self.assertTrue(details.image_exist)
        self.assertEqual(details["ingredients"]["dockerfile"], details.dockerfile)
        self.assertEqual((details.image, details.repository, details.registry), ("host/azureml/azureml_0", "azureml/azureml_0", "host"))
        self.assertEqual((details.environment_path, details.interpreter_path), ("/opt/env", "python"))


if __name__ == "__main__":
    unittest.main()
