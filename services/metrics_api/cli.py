"""Commands of the metrics API's image."""

import click

from metrics_api.access import bootstrap as access
from metrics_api.app import create_app
from metrics_api.db import migrate as migrations
from metrics_api.db.database import Database, create_database_engine
from viral_engine.logs import configure_logging
from viral_engine.settings import (
    ApiSettings,
    BootstrapSettings,
    DetectionSettings,
    LogSettings,
    QueueSettings,
    load_settings_or_exit,
)
from viral_engine.webserver import serve


@click.group()
def main() -> None:
    """Run one of the metrics API's processes."""


@main.command()
def migrate() -> None:
    """Bring the database schema to this release."""
    (settings,) = load_settings_or_exit(ApiSettings)
    migrations.upgrade(settings.database_url)


@main.command()
def bootstrap() -> None:
    """Make the first admin and the services' tokens; harmless to repeat."""
    settings, first = load_settings_or_exit(ApiSettings, BootstrapSettings)
    database = Database(create_database_engine(settings.database_url, pool_size=1))
    with database.write() as connection:
        access.bootstrap(connection, first)


@main.command()
def web() -> None:
    """Serve the HTTP API."""
    settings, detection, queues, logs = load_settings_or_exit(
        ApiSettings, DetectionSettings, QueueSettings, LogSettings
    )
    configure_logging(logs, service="metrics_api")
    serve(
        lambda: create_app(settings, detection, queues),
        host=settings.bind_host,
        port=settings.metrics_api_port,
        threads=settings.metrics_api_threads,
        processes=settings.metrics_api_processes,
        service="metrics_api",
    )
