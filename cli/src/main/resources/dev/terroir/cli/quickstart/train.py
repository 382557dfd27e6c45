"""Trains a classifier on the iris data that ships inside scikit-learn."""
import argparse
import os

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--trees", type=int, default=50)
arguments = parser.parse_args()

data = load_iris()
train_x, test_x, train_y, test_y = train_test_split(
    data.data, data.target, test_size=0.3, random_state=0)
model = RandomForestClassifier(n_estimators=arguments.trees, random_state=0)
model.fit(train_x, train_y)
print("run", os.environ["AZUREML_RUN_ID"])
print("accuracy on %d rows: %.3f" % (len(test_y), model.score(test_x, test_y)))

os.makedirs("outputs", exist_ok=True)
joblib.dump(model, "outputs/model.pkl")
