"""Not part of Terroir."""

raise ImportError(
    "azureml.mlflow is not part of Terroir: use mlflow itself: mlflow.set_tracking_uri(workspace.get_mlflow_tracking_uri()) writes to a folder of the workspace."
)
