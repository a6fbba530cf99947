"""The SQL of docs/deployment.md makes a database that the first migration can use."""

import os
import re
import subprocess
import sys

from sqlalchemy import create_engine, text

from tests.chart.programs import ROOT
from tests.support.api_fixtures import IDENTIFIER_KEY

_FENCE = re.compile(r"<<'SQL'\n(.*?)\n *SQL\n", re.DOTALL)


def test_the_two_users_of_the_guide_can_migrate_and_serve(database_url: str, redis_url: str) -> None:
    [script] = _FENCE.findall((ROOT / "docs" / "deployment.md").read_text())
    server = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    owner, api = (
        re.sub(r"//.*@(.*)/.*", rf"//guardrails_{name}:{password}@\1/guardrails", database_url)
        for name, password in (("owner", "OWNER_PASSWORD"), ("api", "API_PASSWORD"))
    )
    settings = {"DATABASE_URL": api, "MIGRATION_DATABASE_URL": owner, "REDIS_URL": redis_url}
    with server.connect() as connection:
        try:
            for statement in script.split(";"):
                if statement.strip():
                    connection.execute(text(statement))
            done = subprocess.run(
                [sys.executable, "-m", "metrics_api", "migrate"],
                env={**os.environ, **settings, "IDENTIFIER_KEY": IDENTIFIER_KEY},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            assert done.returncode == 0, done.stderr
        finally:
            connection.execute(text("DROP DATABASE IF EXISTS guardrails WITH (FORCE)"))
            connection.execute(text("DROP ROLE IF EXISTS guardrails_api, guardrails_owner"))
    server.dispose()
