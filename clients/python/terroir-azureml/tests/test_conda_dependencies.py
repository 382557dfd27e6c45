"""The packages of an environment: edited in place, comments and order kept."""

import os
import tempfile
import unittest
import unittest.mock

from azureml.core.conda_dependencies import CondaDependencies
from azureml.exceptions import UserErrorException


class TheDefaultDocument(unittest.TestCase):
    def test_has_python_and_the_defaults_package_alone(self):
        packages = CondaDependencies()
        self.assertEqual(packages.pip_packages, ["azureml-defaults"])
        self.assertEqual([spec.split("=")[0] for spec in packages.conda_packages], ["python"])
        self.assertEqual(packages.conda_channels, ["anaconda", "conda-forge"])

    def test_keeps_comments_and_puts_conda_packages_behind_the_pip_section(self):
        packages = CondaDependencies()
        packages.add_conda_package("numpy==1.17.0")
        packages.add_pip_package("pillow")
        lines = packages.serialize_to_string().splitlines()
        self.assertTrue(lines[0].startswith("#"))
        self.assertIn("  # The version of Python.", lines)
        self.assertLess(lines.index("  - azureml-defaults"), lines.index("  - pillow"))
        self.assertLess(lines.index("  - pillow"), lines.index("- numpy==1.17.0"))

    def test_replaces_packages_of_the_same_name_where_they_stand(self):
        packages = CondaDependencies()
        packages.add_conda_package("python=3.7")
        packages.add_pip_package("AzureML_Defaults==1.13.0")
        self.assertEqual(packages.conda_packages, ["python=3.7"])
        self.assertEqual(packages.pip_packages, ["AzureML_Defaults==1.13.0"])
        self.assertEqual(packages.get_python_version(), "3.7")
        packages.set_python_version("3.10")
        self.assertEqual(packages.get_python_version(), "3.10")


class Creating(unittest.TestCase):
    def test_pins_packages_of_the_sdk_and_no_others(self):
        packages = CondaDependencies.create(pip_packages=["azureml-sdk", "joblib", "azureml-core==1.2"], conda_packages=["scikit-learn"])
        self.assertTrue(packages.pip_packages[1].startswith("azureml-sdk~="))
        self.assertEqual(packages.pip_packages[2:], ["joblib", "azureml-core==1.2"])
        self.assertEqual(packages.conda_packages[1:], ["scikit-learn"])
        unpinned = CondaDependencies.create(pip_packages=["azureml-sdk"], pin_sdk_version=False)
        self.assertEqual(unpinned.pip_packages, ["azureml-defaults", "azureml-sdk"])

    def test_takes_python_and_index(self):
        packages = CondaDependencies.create(pip_indexurl="https://example.org/simple", python_version="3.8.1")
        self.assertEqual(packages.get_python_version(), "3.8.1")
        self.assertEqual(packages.pip_options, ["--index-url https://example.org/simple"])

    def test_refuses_a_string_for_a_list(self):
        with self.assertRaises(UserErrorException):
            CondaDependencies.create(pip_packages="numpy")


class Editing(unittest.TestCase):
    def text(self, text):
        handle, path = tempfile.mkstemp(suffix=".yml")
        os.close(handle)
        self.addCleanup(os.remove, path)
        with open(path, "w", newline="") as stream:
            stream.write(text)
        return CondaDependencies(path)

    def test_leaves_every_other_line_as_it_is(self):
        text = "# mine\r\nname: x\r\ndependencies: # all\r\n- python=3.10 # keep\r\n- pip:\r\n  - a\r\n  - b==1 # why\r\nchannels: [defaults]\r\n"
        packages = self.text(text)
        packages.add_pip_package("b==2")
        self.assertEqual(packages.serialize_to_string(), text.replace("b==1", "b==2"))
        packages.remove_pip_package("a")
        self.assertEqual(packages.serialize_to_string(), text.replace("b==1", "b==2").replace("  - a\r\n", ""))

    def test_survives_flow_lists_and_absent_sections(self):
        packages = self.text("dependencies: [python=3.9, numpy]\n")
        packages.add_conda_package("scipy")
        packages.add_pip_package("x")
        packages.add_channel("conda-forge")
        packages.add_channel("conda-forge")
        self.assertEqual(packages.conda_packages, ["python=3.9", "numpy", "scipy"])
        self.assertEqual(packages.pip_packages, ["x"])
        self.assertEqual(packages.conda_channels, ["conda-forge"])

    def test_versions_stay_text(self):
        packages = self.text("dependencies:\n- python=3.10\n- pip:\n  - a\nvariables:\n  X: 3.10\n")
        self.assertEqual(packages.as_dict()["variables"]["X"], "3.10")

    def test_pip_options_and_requirements(self):
        packages = CondaDependencies()
        packages.set_pip_option("--extra-index-url https://example.org/a")
        packages.set_pip_option("--extra-index-url https://example.org/a")
        packages.set_pip_index_url("https://example.org/b")
        packages.set_pip_index_url("https://example.org/c")
        self.assertEqual(packages.pip_options, ["--extra-index-url https://example.org/a", "--index-url https://example.org/c"])
        packages.remove_pip_option("--extra-index-url")
        packages.set_pip_requirements(["one", "-f dir", "two"])
        self.assertEqual(packages.pip_packages, ["one", "two"])
        self.assertEqual(packages.pip_options, ["-f dir"])

    def test_says_what_is_wrong_and_where(self):
        for text in ("- a\n- b\n", "dependencies:\n- numpy: 3\n", "dependencies: {a: b}\n", "a: [\n"):
            with self.assertRaises(UserErrorException) as raised:
                self.text(text)
            self.assertIn("line", raised.exception.message)

    def test_merges_requirements(self):
        self.assertEqual(CondaDependencies.merge_requirements(["a>=1", "b", "A<2", "a>=1"]), ["a>=1,<2", "b"])

    def test_names_the_index_that_pip_takes_packages_from_without_credentials(self):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.dict(os.environ):
            for variable in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"):
                os.environ.pop(variable, None)
            os.environ["PIP_CONFIG_FILE"] = os.path.join(folder, "pip.conf")
            with open(os.environ["PIP_CONFIG_FILE"], "w") as file:
                file.write("[global]\nindex-url = https://me:secret@index.example/simple\n")
            self.assertEqual(CondaDependencies.sdk_origin_url(), "https://index.example/simple")


if __name__ == "__main__":
    unittest.main()
