"""The options of the commands: how ``az`` spells them and how ``terroir`` does."""

from argparse import REMAINDER
from typing import Any, Dict, List, NamedTuple, Optional


class Option(NamedTuple):
    """An option of a command.

    ``terroir`` is its name in the ``terroir`` command; None for one that is taken for old scripts
    and changes nothing.
    """

    dest: str
    names: List[str]
    terroir: Optional[str]
    help: str
    kind: str = "value"
    required: bool = False

    def settings(self) -> Dict[str, Any]:
        """What ``az`` is told of it."""
        settings: Dict[str, Any] = {"help": self.help}
        if self.kind == "rest":
            settings["nargs"] = REMAINDER
            return settings
        settings["options_list"] = self.names
        if self.kind == "flag":
            settings["action"] = "store_true"
        elif self.kind == "switch":
            settings.update(nargs="?", const="true", choices=["true", "false", "True", "False"])
        elif self.kind == "list":
            settings.update(nargs="+", action="append")
        if self.required:
            settings["required"] = True
        return settings

    def words(self, value: Any) -> List[str]:
        """The words of the ``terroir`` command for a value."""
        if value is None or value is False or self.terroir is None:
            return []
        if self.kind == "flag":
            return [self.terroir]
        if self.kind == "switch":
            return [self.terroir] if str(value).lower() == "true" else []
        if self.kind == "list":
            return [word for group in value for one in group for word in (self.terroir, one)]
        return [self.terroir, str(value)]


def _option(
    dest: str,
    names: str,
    terroir: Optional[str],
    text: str,
    kind: str = "value",
    required: bool = False,
) -> Option:
    return Option(dest, names.split(), terroir, text, kind, required)


IGNORED = "Taken for old scripts; changes nothing."

#: Options that every command takes.
COMMON: List[Option] = [
    _option("resource_group", "--resource-group -g", None, IGNORED),
    _option(
        "workspace_name",
        "--workspace-name -w",
        "--workspace",
        "The workspace: a name in Terroir's home, its folder, or the address of a server.",
    ),
    _option("subscription_id", "--subscription-id", None, IGNORED),
    _option("path", "--path", "--path", "The project folder, whose config.json is read."),
    _option(
        "output_metadata_file",
        "--output-metadata-file -t",
        None,
        "A file that the result is written to as JSON.",
    ),
]


def name(text: str) -> Option:
    return _option("name", "--name -n", "--name", text, required=True)


def directory(text: str) -> Option:
    return _option("directory", "--directory -d", "--directory", text, required=True)


VERSION = _option(
    "version", "--version -v", "--version", "A version; the latest when left out."
)
OVERWRITE = _option("overwrite", "--overwrite", "--overwrite", "Replace what is there.", "flag")
EXPERIMENT = _option(
    "experiment_name", "--experiment-name -e", "--experiment-name", "The experiment's name."
)
RUN = _option("run_id", "--run -r", "--run", "The run's id.", required=True)
MODEL = _option(
    "model_id", "--model-id -i", "--model-id", "The model, NAME:VERSION.", required=True
)
TAGS = _option("tags", "--tag", "--tag", "Tags, KEY=VALUE.", "list")
SERVICE = name("The service's name.")
OUTPUT_DIRECTORY = _option(
    "output_dir", "--output-dir -d", "--output-dir", "Where to; here when left out."
)

#: What copying to and from a datastore takes.
TRANSFER: List[Option] = [
    _option("overwrite", "--overwrite", "--overwrite", "Replace what is there.", "switch"),
    _option("hide_progress", "--hide-progress", "--quiet", "Say nothing on the way.", "switch"),
]
#: How storage of Azure is named.
STORAGE: List[Option] = [
    _option("account_name", "--account-name -a", None, IGNORED),
    _option("container_name", "--container-name -c", None, IGNORED),
    _option("share_name", "--share-name", None, IGNORED),
    _option("account_key", "--account-key -k", None, IGNORED),
    _option("sas_token", "--sas-token", None, IGNORED),
]
NODES: List[Option] = [
    _option("min_nodes", "--min-nodes", "--min-nodes", "How few nodes a pool has."),
    _option("max_nodes", "--max-nodes", "--max-nodes", "How many runs it has at once."),
    _option(
        "idle_seconds_before_scaledown",
        "--idle-seconds-before-scaledown",
        "--idle-seconds-before-scaledown",
        IGNORED,
    ),
]
#: Refused by `terroir`, with a sentence that says what to use.
NETWORK: List[Option] = [
    _option(name.replace("-", "_"), "--" + name, "--" + name, "Refused: says what to use.")
    for name in ("vnet-name", "vnet-resourcegroup-name", "subnet-name")
]

#: What `model deploy` and `service update` share.
DEPLOYMENT: List[Option] = [
    _option("models", "--model -m", "--model", "Registered models, NAME:VERSION.", "list"),
    _option(
        "inference_config_file",
        "--inference-config-file --ic",
        "--inference-config-file",
        "An inference configuration.",
    ),
    _option(
        "deploy_config_file",
        "--deploy-config-file --dc",
        "--deploy-config-file",
        "A deployment configuration.",
    ),
    _option(
        "compute_target",
        "--compute-target --ct",
        "--compute-target",
        "`local`, or `docker`, `aci`, `aks` for a container.",
    ),
    _option(
        "environment_name",
        "--environment-name -e",
        "--environment-name",
        "A registered environment.",
    ),
    _option(
        "environment_version", "--environment-version --ev", "--environment-version", "Its version."
    ),
    _option("entry_script", "--entry-script --es", "--entry-script", "The scoring script."),
    _option(
        "source_directory", "--source-directory --sd", "--source-directory", "Its folder."
    ),
    _option("port", "--port", "--port", "Where it listens; any free port when left out."),
]


def but(options: List[Option], *dests: str) -> List[Option]:
    """The options without some."""
    return [option for option in options if option.dest not in dests]
