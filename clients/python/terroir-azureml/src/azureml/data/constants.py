"""Names of the datastores that every workspace has, and of the ways to have data."""

WORKSPACE_BLOB_DATASTORE = "workspaceblobstore"
WORKSPACE_FILE_DATASTORE = "workspacefilestore"
MOUNT_MODE = "mount"
DOWNLOAD_MODE = "download"
UPLOAD_MODE = "upload"
DIRECT_MODE = "direct"
HDFS_MODE = "hdfs"
