"""Not part of Terroir."""

raise ImportError(
    "azureml.tensorboard is not part of Terroir: get what a run wrote with Run.download_files(prefix='logs') and point tensorboard --logdir at it."
)
