"""Answers scoring requests: {"data": [[sepal length, sepal width, petal length, petal width], ...]}."""
import json
import os

import joblib

NAMES = ["setosa", "versicolor", "virginica"]
model = None


def init():
    global model
    model = joblib.load(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))


def run(raw_data):
    rows = json.loads(raw_data)["data"]
    return [NAMES[label] for label in model.predict(rows)]
