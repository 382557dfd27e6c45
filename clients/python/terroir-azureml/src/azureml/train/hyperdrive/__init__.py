"""Not part of Terroir."""

raise ImportError(
    "azureml.train.hyperdrive is not part of Terroir: submit one run for each set of parameters with Run.submit_child, or search inside the script, for instance with scikit-learn or Optuna."
)
