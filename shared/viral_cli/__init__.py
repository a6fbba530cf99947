"""`viral-engine`: the product on the command line."""

import click

from viral_cli.batches import rebuild_facts, rescan_content
from viral_cli.flags import flags
from viral_cli.import_events import import_events
from viral_cli.report import report
from viral_cli.subject import subject
from viral_cli.up import up


@click.group()
@click.version_option(package_name="viral-engine")
def main() -> None:
    """Guards the viral growth of a children's ed-tech app."""


main.add_command(up)
main.add_command(flags)
main.add_command(import_events)
main.add_command(rebuild_facts)
main.add_command(rescan_content)
main.add_command(report)
main.add_command(subject)
