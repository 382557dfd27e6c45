"""Not part of Terroir."""

raise ImportError(
    "azureml.dataprep is not part of Terroir: read files with Dataset.Tabular.from_delimited_files, or with pandas."
)
