"""`advisor plugins`: what installed packages add."""

import click

from advisor.cli.common import format_option, speaks_to_the_user
from advisor.cli.output import print_json, print_table, say


@click.command("plugins")
@format_option
@speaks_to_the_user
def command(output: str) -> None:
    """List what installed packages add: importers, search strategies and model families.

    \b
    Example:
      advisor plugins
    """
    from advisor.models import FAMILIES
    from advisor.strategies import STRATEGIES
    from knowledge_base.importers import IMPORTERS

    registries = (IMPORTERS, STRATEGIES, FAMILIES)
    rows = [
        {"kind": registry.kind, "name": plugin.name, "package": plugin.package,
         "place": plugin.place, "problem": problem}
        for registry in registries
        for plugin, problem in registry.plugins()
    ]  # fmt: skip
    refused = [line for registry in registries for line in registry.refused()]
    if output == "json":
        print_json({"plugins": rows, "refused": refused})
        return
    if not rows and not refused:
        say("No installed package adds anything; docs/plugins.md says how one does.")
        return
    print_table(rows, ["kind", "name", "package", "place"])
    for row in rows:
        if row["problem"] is not None:
            say(row["problem"], err=True)
