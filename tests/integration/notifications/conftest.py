"""The application that notifies, for the tests of rules' messages and of webhook events."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import Engine

from metrics_api.context import Context
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api, change_settings, create_token
from tests.support.delivery_rows import create_mailing_app
from viral_contract.models.people import Scope
from viral_runtime.work.queues import connect_redis

SETTINGS = DeliverySettings(public_dashboard_url="https://guardrails.example.com/")


@pytest.fixture(scope="module")
def mailing_app(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application with emails and notifications switched on."""
    return create_mailing_app(database_url, redis_url, tmp_path_factory.mktemp("flags"))


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """Empty queues."""
    connection = connect_redis(redis_url)
    connection.flushall()
    yield connection
    connection.close()


@pytest.fixture
def admin(mailing_app: Flask, empty_database: Engine) -> Api:
    """An admin of that application."""
    return Api(mailing_app, create_token(empty_database, *Scope, name="olga@example.com"))


@pytest.fixture
def mailing(mailing_app: Flask, redis: Redis) -> Context:
    """What it works with, where events of the past open no alert."""
    found, detection = mailing_app.extensions["context"], DetectionSettings(data_stale_minutes=0)
    return change_settings(replace(found, redis=redis), detection=detection, deliveries=SETTINGS)
