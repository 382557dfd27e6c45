import argparse
import csv
import json
import os

from azureml.core import Run
from sklearn.linear_model import LogisticRegression

parser = argparse.ArgumentParser()
parser.add_argument("--data-folder")
parser.add_argument("--regularization", type=float)
arguments = parser.parse_args()

with open(os.path.join(arguments.data_folder, "points.csv")) as file:
    rows = [(float(x), int(label)) for x, label in csv.reader(file)]
model = LogisticRegression(C=1 / arguments.regularization).fit([[x] for x, _ in rows], [label for _, label in rows])
bound = float(-model.intercept_[0] / model.coef_[0][0])
run = Run.get_context()
run.log("accuracy", model.score([[x] for x, _ in rows], [label for _, label in rows]))
os.makedirs("outputs", exist_ok=True)
with open("outputs/model.pkl", "w") as file:
    json.dump({"bound": bound}, file)
print("bound", bound)
