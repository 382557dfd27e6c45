"""The help texts of the commands, in the form that ``az`` reads."""

from knack.help_files import helps

from azext_terroir.table import COMMANDS

_GROUPS = {
    "ml": "Environments, runs, models and services of machine learning, kept by Terroir.",
    "ml environment": "Define and register environments.",
    "ml run": "Submit scripts and look after runs.",
    "ml model": "Register models and deploy them.",
    "ml service": "Score and look after services.",
    "ml folder": "Say which workspace a project folder uses.",
    "ml workspace": "Make and show workspaces.",
    "ml datastore": "Register folders of data, copy files.",
    "ml computetarget": "Name pools that run scripts.",
    "ml computetarget create": "Name a pool.",
    "ml computetarget update": "Change a pool.",
    "ml computetarget attach": "Not offered: says what to use.",
}

for _name, _summary in _GROUPS.items():
    helps[_name] = "type: group\nshort-summary: >-\n  " + _summary + "\n"

for _command in COMMANDS:
    helps[_command.name] = "type: command\nshort-summary: >-\n  " + _command.summary + "\n"
