"""The commands: what ``az ml`` calls them, what ``terroir`` does for them, what they show."""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from azext_terroir import options
from azext_terroir.options import COMMON, Option

Rows = Callable[[Any], List[Dict[str, Any]]]


class Command(NamedTuple):
    """A command of ``az ml``.

    ``terroir`` are the first words of the ``terroir`` command; with none of them ``refusal`` says
    what to use instead. ``shows`` is ``json`` for a result, ``stream`` for a result after a log
    that is shown as it comes, ``text`` for a text that is shown as it is.
    """

    name: str
    terroir: Tuple[str, ...]
    summary: str
    options: List[Option]
    columns: Tuple[str, ...] = ()
    shows: str = "json"
    refusal: Optional[str] = None

    @property
    def handler(self) -> str:
        """The name of its function in the module ``handlers``."""
        return self.name.replace(" ", "_").replace("-", "_")


def _command(
    name: str, summary: str, own: List[Option], columns: str = "", shows: str = "json", to: str = ""
) -> Command:
    short = {word for option in own for word in option.names}
    common = [
        option._replace(names=[word for word in option.names if word not in short])
        for option in COMMON
    ]
    words = tuple((to or name).split())
    return Command("ml " + name, words, summary, own + common, tuple(columns.split()), shows)


def _refused(name: str, own: List[Option], instead: str) -> Command:
    command = _command(name, "Not offered: " + instead + ".", own)
    return command._replace(terroir=(), refusal=instead)


def _taken(dest: str, names: str) -> Option:
    return Option(dest, names.split(), None, "Taken so that the command can say what to use.")


_NO_CLUSTER = (
    "services need no target: deploy with `az ml model deploy`, and `--ct docker` for a container"
)
_NO_INSTANCE = "this machine is one: name the target `local` in a run configuration"
_NO_MACHINE = (
    "start `terroir serve` on that machine and name it as the workspace, with"
    " `-w https://HOST:PORT`"
)
_NO_STORAGE = (
    "mount or copy it to a folder of the workspace's machine, then"
    " `az ml datastore register -n NAME -d FOLDER`"
)
_COMPUTE = [_taken("name", "--name -n")]
_TARGET = options.name("The target's name.")
_STORE = options.name("The datastore's name.")
_POOL = "name type provisioningState vmSize minNodes maxNodes"

COMMANDS: List[Command] = [
    _command(
        "environment scaffold",
        "Write the files of a new environment to edit.",
        [
            options.name("The environment's name."),
            options.directory("Where to."),
            options.OVERWRITE,
        ],
        "name directory",
    ),
    _command(
        "environment register",
        "Register the environment in a folder; an unchanged one keeps its version.",
        [options.directory("The folder.")],
        "name version",
    ),
    _command("environment list", "List the registered environments.", [], "name version"),
    _command(
        "environment show",
        "Show a registered environment.",
        [options.name("The environment's name."), options.VERSION],
        "name version",
    ),
    _command(
        "environment download",
        "Write a registered environment to a folder.",
        [
            options.name("The environment's name."),
            options.directory("Where to."),
            options.VERSION,
            options.OVERWRITE,
        ],
        "name directory",
    ),
    _command(
        "run submit-script",
        "Run a script and stream its log; options stand before the script.",
        [
            Option(
                "run_configuration_name",
                ["--run-configuration-name", "-c"],
                "--run-configuration-name",
                "A run configuration: its name or path.",
            ),
            options.EXPERIMENT._replace(required=True),
            Option("source_directory", ["--source-directory"], "--source", "Whose files it gets."),
            Option(
                "detach", ["--async"], "--async", "Come back as soon as the script runs.", "flag"
            ),
            options.TAGS,
            Option("script", [], "", "The script and its arguments.", "rest"),
        ],
        "runId experiment status exitCode",
        "stream",
    ),
    _command(
        "run list",
        "List runs, newest first.",
        [
            options.EXPERIMENT,
            Option("last", ["--last"], None, "No more than so many."),
            Option("status", ["--status"], None, "Only those of a status."),
        ],
        "runId experiment number status createdTimeUtc",
    ),
    _command("run show", "Show a run.", [options.RUN], "runId experiment status exitCode"),
    _command("run cancel", "End a run with all its processes.", [options.RUN], "runId status"),
    _command(
        "run download-logs",
        "Copy the logs of a run.",
        [options.RUN, options.OUTPUT_DIRECTORY],
        "runId files directory",
        to="run download --prefix azureml-logs/",
    ),
    _command(
        "model register",
        "Register a file or folder as the next version of a model.",
        [
            options.name("The model's name."),
            Option("model_path", ["--model-path", "-p"], "--model-path", "A file or folder."),
            Option("asset_path", ["--asset-path"], "--asset-path", "The file's name in the run."),
            Option("run_id", ["--run-id"], "--run-id", "The run whose file it is."),
            Option("description", ["--description"], "--description", "What it is."),
            Option(
                "experiment_name",
                ["--experiment-name"],
                None,
                "Taken for old scripts: the run's id says it.",
            ),
            options.TAGS,
        ],
        "id createdTime runId",
    ),
    _command(
        "model list",
        "List models.",
        [Option("model_name", ["--model-name", "-n"], "--name", "All versions of this one.")],
        "id createdTime runId",
    ),
    _command("model show", "Show a model.", [options.MODEL], "id createdTime runId"),
    _command("model delete", "Delete a model that no service uses.", [options.MODEL], "id"),
    _command(
        "model download",
        "Copy a model.",
        [
            options.MODEL,
            Option("target_dir", ["--target-dir", "-t"], "--target-dir", "Where to."),
        ],
        "id path",
    ),
    _command(
        "model deploy",
        "Serve models with a scoring script.",
        [
            options.SERVICE,
            options.OVERWRITE,
            Option(
                "auth_enabled",
                ["--auth-enabled", "--ae"],
                "--auth-enabled",
                "Whether to ask for a key.",
                "switch",
            ),
        ]
        + options.DEPLOYMENT,
        "name state scoringUri",
    ),
    _command("service list", "List services.", [], "name state scoringUri"),
    _command("service show", "Show a service.", [options.SERVICE], "name state scoringUri"),
    _command(
        "service delete", "End a service and delete it.", [options.SERVICE], "name deleted"
    ),
    _command(
        "service run",
        "Score data.",
        [
            options.SERVICE,
            Option(
                "input_data",
                ["--input-data", "-d"],
                "--input-data",
                "The data, or @FILE.",
                required=True,
            ),
        ],
    ),
    _command(
        "service update",
        "Give a service another model, script or environment; no request is dropped.",
        [options.SERVICE] + options.DEPLOYMENT,
        "name state scoringUri",
    ),
    _command(
        "service get-logs",
        "Print the log of a service.",
        [
            options.SERVICE,
            Option("num_lines", ["--num_lines", "-l"], "--lines", "How many lines."),
        ],
        shows="text",
    ),
    _command(
        "service get-keys",
        "Print the keys of a service.",
        [options.SERVICE],
        "primaryKey secondaryKey",
    ),
    _command(
        "folder attach",
        "Make a workspace the one of a project folder.",
        [],
        "name directory",
        to="workspace show",
    ),
    _command(
        "workspace create",
        "Make a workspace, and a config.json that names it.",
        [
            Option(
                "workspace_name",
                ["--workspace-name", "-w", "--name", "-n"],
                "--name",
                "Its name.",
                required=True,
            ),
            Option("exist_ok", ["--exist-ok"], "--exist-ok", "Take one that is there.", "flag"),
        ],
        "name directory",
    ),
    _command("workspace show", "Show the workspace.", [], "name directory"),
    _command("workspace list", "List the workspaces.", [], "name directory"),
    _command("datastore list", "List datastores.", [], "name isDefault path"),
    _command("datastore show", "Show a datastore.", [_STORE], "name isDefault path"),
    _command(
        "datastore show-default",
        "Show the default datastore.",
        [],
        "name isDefault path",
        to="datastore show",
    ),
    _command(
        "datastore register",
        "Register a folder as a datastore, or make one below the workspace.",
        [_STORE, options.directory("A folder.")._replace(required=False)],
        "name isDefault path",
    ),
    _command(
        "datastore set-default",
        "Make a datastore the default one.",
        [_STORE],
        "name isDefault path",
    ),
    _command(
        "datastore unregister",
        "Forget a datastore; its files stay.",
        [_STORE],
        "name isDefault path",
    ),
    _command(
        "datastore detach",
        "Forget a datastore; its files stay.",
        [_STORE],
        "name isDefault path",
        to="datastore unregister",
    ),
    _command(
        "datastore upload",
        "Copy a file or folder to a datastore; what is there stays unless it is to be replaced.",
        [
            _STORE,
            Option(
                "src_path",
                ["--src-path", "-p"],
                "--src-path",
                "A file or folder of this machine.",
                required=True,
            ),
            Option(
                "target_path",
                ["--target-path", "-u"],
                "--target-path",
                "The folder of the datastore.",
            ),
        ]
        + options.TRANSFER,
        "name files skipped sizeBytes",
    ),
    _command(
        "datastore download",
        "Copy files of a datastore; what is here stays unless it is to be replaced.",
        [
            _STORE,
            Option("prefix", ["--prefix", "-p"], "--prefix", "A file or folder of it only."),
            Option(
                "target_path", ["--target-path", "-d"], "--target-path", "Where to.", required=True
            ),
        ]
        + options.TRANSFER,
        "name files skipped sizeBytes",
    ),
    _refused("datastore attach-blob", _COMPUTE + options.STORAGE, _NO_STORAGE),
    _refused("datastore attach-file", _COMPUTE + options.STORAGE, _NO_STORAGE),
    _command("computetarget list", "List compute targets.", [], _POOL),
    _command("computetarget show", "Show a compute target.", [_TARGET], _POOL),
    _command(
        "computetarget create amlcompute",
        "Name a pool of the workspace's machine, or change one.",
        [
            _TARGET,
            Option("vmsize", ["--vm-size", "-s"], "--vm-size", "Kept, for old scripts."),
            Option("vm_priority", ["--vm-priority"], "--vm-priority", options.IGNORED),
        ]
        + options.NODES
        + options.NETWORK,
        _POOL,
    ),
    _command(
        "computetarget update amlcompute",
        "Change how many runs a pool has at once.",
        [_TARGET] + options.NODES,
        _POOL,
    ),
    _command("computetarget delete", "Forget a pool; its runs go on.", [_TARGET], _POOL),
    _refused("computetarget create aks", _COMPUTE, _NO_CLUSTER),
    _refused("computetarget create computeinstance", _COMPUTE, _NO_INSTANCE),
    _refused(
        "computetarget attach aks",
        _COMPUTE + [_taken("compute_resource_id", "--compute-resource-id -i")],
        _NO_CLUSTER,
    ),
    _refused(
        "computetarget attach remote",
        _COMPUTE
        + [
            _taken("address", "--address -a"),
            _taken("username", "--username -u"),
            _taken("ssh_port", "--ssh-port"),
            _taken("private_key_file", "--private-key-file"),
        ],
        _NO_MACHINE,
    ),
    _refused("computetarget detach", _COMPUTE, "`az ml computetarget delete` forgets a pool"),
    _refused(
        "workspace delete",
        [_taken("yes", "--yes -y")._replace(kind="flag")],
        "delete the folder that `terroir workspace show` names",
    ),
]


def unique(command: Command) -> List[Option]:
    """The options of a command; its own one stands for a common one of the same meaning."""
    found: Dict[str, Option] = {}
    for option in command.options:
        found.setdefault(option.dest, option)
    return list(found.values())


def rows(columns: Tuple[str, ...]) -> Optional[Rows]:
    """How a result is shown as a table; None to leave it to ``az``."""
    if not columns:
        return None

    def transform(result: Any) -> List[Dict[str, Any]]:
        from collections import OrderedDict

        elements = result if isinstance(result, list) else [result]
        return [
            OrderedDict((name[0].upper() + name[1:], element.get(name)) for name in columns)
            for element in elements
        ]

    return transform
