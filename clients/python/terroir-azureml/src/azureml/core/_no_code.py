"""Models that are deployed without a script: which framework they are of says how they score."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, List, Sequence

from azureml._terroir.errors import WebserviceException

if TYPE_CHECKING:
    from azureml.core._inference import InferenceConfig

_SCIKIT_LEARN = '''\
"""Scores with a scikit-learn model: {"data": [rows], "method": "predict"}; a model that can predicts probabilities unless told."""

import json
import os

import joblib

METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")
model = None


def init():
    global model
    root = os.environ["AZUREML_MODEL_DIR"]
    files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(root, followlinks=True) for name in names)
    if len(files) != 1:
        raise RuntimeError("a scikit-learn model that is deployed without a script is one file; it has %d" % len(files))
    model = joblib.load(files[0])


def run(raw):
    asked = json.loads(raw)
    method = asked.get("method") or ("predict_proba" if hasattr(model, "predict_proba") else "predict")
    if method not in METHODS or not hasattr(model, method):
        raise ValueError("the model has no method %r" % (method,))
    answer = getattr(model, method)(asked["data"])
    return {method: answer.tolist() if hasattr(answer, "tolist") else answer}
'''

_ONNX = '''\
"""Scores with an ONNX model: {"inputs": {name: values}}, or {"data": values} where there is one input."""

import json
import os

import numpy
import onnxruntime

TYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64", "tensor(int32)": "int32",
         "tensor(bool)": "bool", "tensor(string)": "object", "tensor(uint8)": "uint8", "tensor(float16)": "float16"}
session = None


def init():
    global session
    root = os.environ["AZUREML_MODEL_DIR"]
    files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(root, followlinks=True) for name in names)
    models = [file for file in files if file.endswith(".onnx")] or files
    if len(models) != 1:
        raise RuntimeError("an ONNX model that is deployed without a script is one file; it has %d" % len(models))
    session = onnxruntime.InferenceSession(models[0], providers=["CPUExecutionProvider"])


def run(raw):
    asked = json.loads(raw)
    inputs = session.get_inputs()
    given = asked.get("inputs", asked)
    if set(given) == {"data"} and len(inputs) == 1 and inputs[0].name != "data":
        given = {inputs[0].name: given["data"]}
    feed = {one.name: numpy.array(given[one.name], dtype=TYPES.get(one.type, "float32")) for one in inputs}
    answers = session.run(None, feed)
    return {one.name: answer.tolist() if hasattr(answer, "tolist") else answer for one, answer in zip(session.get_outputs(), answers)}
'''


def config_of_framework(models: Sequence[Any], folder: str) -> "InferenceConfig":
    """A script and an environment for the framework of a model, written to a folder."""
    from azureml.core._inference import InferenceConfig
    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.core.environment import Environment

    if len(models) != 1:
        raise WebserviceException(
            "Deploying without an inference_config needs exactly one model, of a framework that scores by itself; {} are given: pass "
            "InferenceConfig(entry_script='score.py', environment=...).".format(len(models))
        )
    framework = models[0].model_framework
    version = models[0].model_framework_version
    if framework == "ScikitLearn":
        script, python, packages = _SCIKIT_LEARN, _python_of(version), [_pinned("scikit-learn", version), "joblib"]
    elif framework == "Onnx":
        # The version of a model of this framework is one of the format, not of a package.
        script, python, packages = _ONNX, None, ["onnxruntime", "numpy"]
    else:
        raise WebserviceException(
            "The model {} is registered as {}, which does not score by itself: pass InferenceConfig(entry_script='score.py', "
            "environment=...), or register it with model_framework=Model.Framework.SCIKITLEARN or ONNX.".format(
                models[0].id, framework or "of no framework"
            )
        )
    file = os.path.join(folder, "score.py")
    with open(file, "w", encoding="utf-8") as stream:
        stream.write(script)
    environment = Environment("{}-without-a-script".format(str(framework).lower()))
    environment.environment_variables = {}
    dependencies = CondaDependencies()
    if python is not None:
        dependencies.set_python_version(python)
    for package in packages:
        dependencies.add_pip_package(package)
    environment.python.conda_dependencies = dependencies
    return InferenceConfig(entry_script=file, environment=environment)


def _pinned(name: str, version: Any) -> str:
    return "{}=={}".format(name, version) if version and re.match(r"\d+(\.\d+)*\Z", str(version)) else name


def _python_of(version: Any) -> Any:
    """The Python that a release of scikit-learn has wheels for; the environment's own for the newer ones."""
    numbers: List[int] = [int(part) for part in re.findall(r"\d+", str(version or ""))[:2]]
    if not numbers:
        return None
    return "3.6" if numbers < [0, 22] else "3.8" if numbers < [1, 1] else "3.10" if numbers < [1, 3] else "3.11"
