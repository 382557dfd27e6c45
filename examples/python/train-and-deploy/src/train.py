import argparse
import os

import joblib
from azureml.core import Run
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float)
arguments = parser.parse_args()

run = Run.get_context()
digits = load_digits()
train, test, train_labels, test_labels = train_test_split(digits.data, digits.target, random_state=0)
model = SGDClassifier(loss="log_loss", alpha=arguments.alpha / 100, random_state=0)
for epoch in range(5):
    model.partial_fit(train, train_labels, classes=range(10))
    loss = log_loss(test_labels, model.predict_proba(test), labels=range(10))
    print("epoch", epoch, "loss", loss)
    run.log("loss", loss)
run.log("accuracy", model.score(test, test_labels))
run.tag("greeting", os.environ["GREETING"])
os.makedirs("outputs", exist_ok=True)
joblib.dump(model, "outputs/model.joblib")
