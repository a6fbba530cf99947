"""Commands of the metrics API's image."""

import os
import sys
from datetime import UTC, datetime
from typing import TextIO

import click
from flask import Flask
from sqlalchemy import Connection

from metrics_api.access import bootstrap as access
from metrics_api.access.identifiers import References
from metrics_api.access.passwords import WeakPasswordError
from metrics_api.api.bulk import MAX_BATCH_BYTES
from metrics_api.app import create_app
from metrics_api.batches.steps import start_due_rebuild, start_due_rescan
from metrics_api.context import Settings, connect
from metrics_api.db import migrate as migrations
from metrics_api.db.database import Database, create_database_engine
from metrics_api.db.migrate import MissingRoleError, grant_rights, save_audit_retention
from metrics_api.db.refusals import refusals_explained
from metrics_api.health.history import fill_history
from metrics_api.malloc import keep_few_heaps
from metrics_api.privacy.journal import JournalError, apply_entries, list_entries, parse_entries
from metrics_api.reconciler.loop import run_reconciler
from metrics_api.reconciler.tasks import build_tasks
from metrics_api.settings.access import AccessSettings, LimitSettings, SingleSignOnSettings
from metrics_api.settings.api import ApiSettings, BootstrapSettings, MigrationSettings
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.detection import DetectionSettings
from metrics_api.settings.privacy import PrivacySettings
from metrics_api.settings.queues import QueueSettings, ReconcilerSettings
from metrics_api.settings.traffic import TrafficSettings
from viral_runtime.observe.logs import configure_logging
from viral_runtime.observe.tracing import start_tracing
from viral_runtime.settings.base import load_settings_or_exit
from viral_runtime.settings.groups import LogSettings, ProxySettings, TelemetrySettings, WebServerSettings
from viral_runtime.web.cores import count_processes
from viral_runtime.web.request_log import trace_requests
from viral_runtime.web.server import serve
from viral_runtime.work.stop import watch_stop_signals

# Settings of both the web processes and the reconciler.
_SHARED = DetectionSettings, QueueSettings, DeliverySettings, PrivacySettings, TrafficSettings
_ACCESS = ProxySettings, LimitSettings, SingleSignOnSettings


@click.group(chain=True)
def main() -> None:
    """Run one of the metrics API's processes, or several commands one after the other."""


@main.command()
def migrate() -> None:
    """Upgrade the database to this release: its schema, content to rescan, and facts to rebuild."""
    settings, own, privacy = load_settings_or_exit(ApiSettings, MigrationSettings, PrivacySettings)
    owner = own.migration_database_url
    owner_url = owner.get_secret_value() if owner else settings.database_url
    owner_variable = "MIGRATION_DATABASE_URL" if owner else "DATABASE_URL"

    def finish(connection: Connection) -> None:
        save_audit_retention(connection, privacy.retention_audit_days)
        grant_rights(connection, settings.database_url)

    try:
        with (
            refusals_explained("DATABASE_URL", settings.database_url),
            refusals_explained(owner_variable, owner_url),
        ):
            migrations.upgrade(owner_url, finish=finish)
    except MissingRoleError as error:
        click.echo(str(error), err=True)
        sys.exit(os.EX_CONFIG)
    database = Database(create_database_engine(settings.database_url, pool_size=1, statement_timeout=False))
    with refusals_explained("DATABASE_URL", settings.database_url), database.write() as connection:
        start_due_rescan(connection)
        start_due_rebuild(connection)


@main.command()
@click.option("--restore-admin", is_flag=True, help="Also where the admin chose another password since then.")
def bootstrap(restore_admin: bool) -> None:
    """Create the first admin and the services' tokens; safe to repeat."""
    settings, first = load_settings_or_exit(ApiSettings, BootstrapSettings)
    database = Database(create_database_engine(settings.database_url, pool_size=1))
    try:
        with refusals_explained("DATABASE_URL", settings.database_url), database.write() as connection:
            access.bootstrap(connection, first, restore_admin=restore_admin, now=datetime.now(UTC), say=click.echo)
    except WeakPasswordError as error:
        click.echo(f"ADMIN_PASSWORD: {error}", err=True)
        sys.exit(os.EX_CONFIG)


@main.command()
def web() -> None:
    """Serve the HTTP API."""
    groups = ApiSettings, WebServerSettings, TelemetrySettings, LogSettings, *_ACCESS, *_SHARED
    settings, web_server, telemetry, logs, proxies, limits, sign_on, *shared = load_settings_or_exit(*groups)
    detection, queues, deliveries, privacy, traffic = shared
    configure_logging(logs, service="metrics_api")

    def build_app() -> Flask:
        keep_few_heaps()
        start_tracing(telemetry, service="metrics_api")
        access = AccessSettings(proxies, limits, sign_on)
        every = Settings(settings, detection, queues, deliveries, privacy, access, traffic)
        app = create_app(connect(every, pool_size=settings.metrics_api_threads))
        trace_requests(app)
        return app

    serve(
        build_app,
        host=settings.bind_host,
        port=settings.metrics_api_port,
        threads=settings.metrics_api_threads,
        processes=count_processes(settings.metrics_api_processes),
        most_body_bytes=MAX_BATCH_BYTES,
        settings=web_server,
    )


@main.command("fill-history")
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="How many dates to look at.")
def fill_score_history(days: int) -> None:
    """Compute the score of past dates that nobody evaluated, such as those of an import; safe to repeat."""
    settings, detection = load_settings_or_exit(ApiSettings, DetectionSettings)
    database = Database(create_database_engine(settings.database_url, pool_size=1))
    references = References(settings.identifier_key.get_secret_value())
    stored = fill_history(database, detection, references, days=days, now=datetime.now(UTC))
    click.echo(f"Score history: {stored} dates filled")


@main.command("export-journal")
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True))
def export_journal(file: TextIO) -> None:
    """Export erasures and ended access, as keyed hashes, for `apply-journal` after a restore."""
    (settings,) = load_settings_or_exit(ApiSettings)
    database = Database(create_database_engine(settings.database_url, pool_size=1, statement_timeout=False))
    with database.read() as connection:
        for entry in list_entries(connection, References(settings.identifier_key.get_secret_value())):
            file.write(entry.model_dump_json() + "\n")


@main.command("apply-journal")
@click.argument("file", type=click.File("r", encoding="utf-8"))
def apply_journal(file: TextIO) -> None:
    """Repeat a journal's erasures and deactivations in a restored database; safe to repeat."""
    (settings,) = load_settings_or_exit(ApiSettings)
    references = References(settings.identifier_key.get_secret_value())
    database = Database(create_database_engine(settings.database_url, pool_size=1, statement_timeout=False))
    try:
        entries = parse_entries(file)
    except JournalError as error:
        raise click.ClickException(f"{error}. Nothing was changed.") from error
    done = apply_entries(database, entries, references, now=datetime.now(UTC))
    click.echo("{subjects} erased again, {people} people deactivated, {tokens} tokens revoked.".format(**done))


@main.command()
def reconciler() -> None:
    """Run the recurring tasks, such as the evaluation every minute; of several processes one leads."""
    settings, own, logs, *shared = load_settings_or_exit(ApiSettings, ReconcilerSettings, LogSettings, *_SHARED)
    detection, queues, deliveries, privacy, traffic = shared
    configure_logging(logs, service="reconciler")
    stop = watch_stop_signals()
    context = connect(Settings(settings, detection, queues, deliveries, privacy, traffic=traffic), pool_size=1)
    run_reconciler(stop, settings, own, build_tasks(context, own))
