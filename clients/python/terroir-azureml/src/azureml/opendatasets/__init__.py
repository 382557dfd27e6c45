"""Not part of Terroir."""

raise ImportError(
    "azureml.opendatasets is not part of Terroir: download the data once and upload it with Datastore.upload, or read small sets with scikit-learn, for instance sklearn.datasets.load_diabetes or fetch_openml."
)
