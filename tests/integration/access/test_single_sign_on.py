"""Single sign-on against a real provider: who gets in, as what, and what is refused."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, text

from metrics_api.access.identifiers import References
from metrics_api.access.open_id import OpenIdProvider, Secrets, SignOnRefusedError, read_person
from metrics_api.access.single_sign_on import open_flow, save_signed_on, start_flow
from metrics_api.db.database import Database
from metrics_api.settings.access import AccessSettings
from tests.support.api_fixtures import IDENTIFIER_KEY, Api, build_app, create_token
from tests.support.open_id import add_person, make_settings, run_provider, sign_in_there
from tests.support.people import PASSWORD, Signed, create_person
from viral_cli.local.ports import find_free_port
from viral_contract.client.metrics_api import SESSION_HEADER
from viral_contract.models.people import Role, Scope

RETURN = "http://localhost/login/callback"
ANA = {"email": "Ana@example.com", "email_verified": True}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_provider() as running:
        yield running


class SignOn:
    """The dashboard's side of single sign-on."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def start(self) -> dict[str, str]:
        answer = self.api.send("POST", "/v1/single-sign-on", json={"redirect_uri": RETURN})
        assert answer.status_code == 200, answer.text
        started: dict[str, str] = answer.get_json()
        return started

    def finish(self, subject: str, **changes: str) -> Any:
        """Sign in at the provider and bring back what it says, but for the changes."""
        started = self.start()
        brought = {"flow": started["flow"], **sign_in_there(started["authorization_url"], subject), **changes}
        return self.api.send("POST", "/v1/single-sign-on/sessions", json=brought)


def make_app(issuer: str, database_url: str, redis_url: str) -> Flask:
    access = AccessSettings(single_sign_on=make_settings(issuer))
    return build_app(access, database_url=database_url, redis_url=redis_url)


@pytest.fixture
def sign_on(issuer: str, database_url: str, redis_url: str, empty_database: Engine) -> SignOn:
    app = make_app(issuer, database_url, redis_url)
    return SignOn(Api(app, create_token(empty_database, Scope.SESSIONS_WRITE)))


@pytest.mark.parametrize(
    ("groups", "role"), [(["staff"], "viewer"), (["staff", "analysts"], "analyst"), (["chiefs", "other"], "admin")]
)
def test_groups_bring_a_role(sign_on: SignOn, issuer: str, groups: list[str], role: str) -> None:
    add_person(issuer, "ana", **ANA, groups=groups)
    answer = sign_on.finish("ana")
    assert answer.status_code == 201, answer.text
    session = answer.get_json()
    assert session["person"] == {"id": 1, "email": "ana@example.com", "role": role}
    known = sign_on.api.send("GET", "/v1/session", headers={SESSION_HEADER: session["secret"]})
    assert known.status_code == 200


def test_changed_groups_change_the_role_and_end_older_sessions(sign_on: SignOn, issuer: str, engine: Engine) -> None:
    create_person(engine)
    add_person(issuer, "ana", **ANA, groups=["chiefs"])
    older = sign_on.finish("ana").get_json()["secret"]
    add_person(issuer, "ana", **ANA, groups=["staff"])
    assert sign_on.finish("ana").get_json()["person"]["role"] == "viewer"
    assert sign_on.api.send("GET", "/v1/session", headers={SESSION_HEADER: older}).status_code == 401


def test_the_last_admin_stays_one_whatever_the_groups_say(
    sign_on: SignOn, issuer: str, engine: Engine, connection: Connection
) -> None:
    create_person(engine, email="former@example.com", deactivated_at=datetime.now(UTC))
    add_person(issuer, "ana", **ANA, groups=["chiefs"])
    older = sign_on.finish("ana").get_json()["secret"]
    add_person(issuer, "ana", **ANA, groups=["staff"])
    assert sign_on.finish("ana").get_json()["person"]["role"] == "admin"
    assert sign_on.api.send("GET", "/v1/session", headers={SESSION_HEADER: older}).status_code == 200
    kept = text("SELECT actor_key, subject, details FROM audit_entries WHERE action = 'keep_last_admin'")
    assert connection.execute(kept).all() == [("system", "person:2", {"role_of_groups": "viewer"})]


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({**ANA, "groups": ["sales"]}, "not in a group"),
        ({**ANA, "groups": []}, "not in a group"),
        (ANA, "not in a group"),
        ({"groups": ["staff"]}, "did not share your email"),
    ],
)
def test_whom_the_provider_does_not_vouch_for_is_refused(
    sign_on: SignOn, issuer: str, claims: dict[str, Any], said: str, connection: Connection
) -> None:
    add_person(issuer, "ana", **claims)
    answer = sign_on.finish("ana")
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (403, "single_sign_on_refused")
    assert said in answer.get_json(force=True)["detail"]
    assert connection.execute(text("SELECT count(*) FROM people")).scalar_one() == 0


@pytest.mark.parametrize(("verified", "status"), [(True, 201), (False, 403), (None, 403)])
def test_somebody_known_by_password_is_taken_over_by_a_verified_email_alone(
    sign_on: SignOn, issuer: str, engine: Engine, verified: bool | None, status: int
) -> None:
    create_person(engine, Role.VIEWER, email="ana@example.com")
    claims = {"email": "ana@example.com", "groups": ["chiefs"]}
    add_person(issuer, "ana", **claims, **({} if verified is None else {"email_verified": verified}))
    assert sign_on.finish("ana").status_code == status


@pytest.mark.parametrize(("kept", "status"), [("", 401), ("boss@example.com, Ana@Example.com", 201)])
def test_single_sign_on_ends_the_password_unless_it_is_kept(
    issuer: str, database_url: str, redis_url: str, empty_database: Engine, kept: str, status: int
) -> None:
    access = AccessSettings(single_sign_on=make_settings(issuer, oidc_keep_passwords=kept))
    app = build_app(access, database_url=database_url, redis_url=redis_url)
    sign_on = SignOn(Api(app, create_token(empty_database, Scope.SESSIONS_WRITE)))
    create_person(empty_database)
    person = create_person(empty_database, Role.VIEWER, email="ana@example.com")
    admin = Signed(sign_on.api, "admin@example.com")
    link = admin.send("POST", f"/v1/people/{create_person(empty_database, Role.ANALYST)}/password-link")
    assert link.status_code == 201
    before = Signed(sign_on.api, "ana@example.com")
    add_person(issuer, "ana", **ANA, groups=["staff"])
    assert sign_on.finish("ana").status_code == 201
    assert not before.is_signed_in()
    body = {"email": "ana@example.com", "password": PASSWORD}
    assert sign_on.api.send("POST", "/v1/sessions", json=body).status_code == status
    shown = {each["id"]: each for each in admin.send("GET", "/v1/people").get_json()["people"]}
    assert (shown[person]["single_sign_on"], shown[person]["has_password"]) == (True, status == 201)


def test_a_link_that_was_given_out_sets_no_password_beside_single_sign_on(
    sign_on: SignOn, issuer: str, engine: Engine
) -> None:
    create_person(engine)
    admin = Signed(sign_on.api, "admin@example.com")
    invited = admin.send("POST", "/v1/people", json={"email": "ana@example.com", "role": "viewer"}).get_json()
    add_person(issuer, "ana", **ANA, groups=["staff"])
    assert sign_on.finish("ana").status_code == 201
    body = {"secret": invited["password_link"]["secret"], "password": "another horse battery"}
    assert sign_on.api.send("PUT", "/v1/passwords", json=body).status_code == 404


_ODD = (None, 7, 1.5, True, [], ["ana@example.com"], {}, {"a": {"b": []}}, "", " ", "x" * 100_000, "a\x00b", "a\nb")


@pytest.mark.parametrize("value", _ODD)
@pytest.mark.parametrize("claim", ["email", "email_verified", "groups"])
def test_odd_claims_are_refused_and_never_an_error_of_ours(
    sign_on: SignOn, issuer: str, connection: Connection, claim: str, value: object
) -> None:
    add_person(issuer, "odd", **{"groups": ["staff"], **ANA, claim: value})
    expected = 201 if (claim, value) == ("email_verified", True) else 403
    answer = sign_on.finish("odd")
    assert answer.status_code == expected, answer.text
    assert connection.execute(text("SELECT count(*) FROM people")).scalar_one() == (expected == 201)


@pytest.mark.parametrize("email", ["ana", "@example.com", "Boss <ana@example.com>", "ana@exa mple.com", "ana@b@c.com"])
def test_what_is_no_address_signs_nobody_in(sign_on: SignOn, issuer: str, email: str) -> None:
    add_person(issuer, "odd", email=email, email_verified=True, groups=["staff"])
    assert sign_on.finish("odd").status_code == 403


def test_groups_that_are_no_texts_are_left_out(sign_on: SignOn, issuer: str) -> None:
    add_person(issuer, "ana", **ANA, groups=[None, 7, ["chiefs"], {"chiefs": 1}, "staff"])
    assert sign_on.finish("ana").get_json()["person"]["role"] == "viewer"


def test_another_account_of_the_provider_does_not_get_the_same_email(sign_on: SignOn, issuer: str) -> None:
    for subject, status in (("ana", 201), ("mallory", 403), ("ana", 201)):
        add_person(issuer, subject, **ANA, groups=["staff"])
        assert sign_on.finish(subject).status_code == status


def test_first_sign_ins_at_once_make_one_person(issuer: str, sign_on: SignOn, database: Database) -> None:
    del sign_on  # Empties the database.
    claims, now = read_person({**ANA, "iss": issuer, "sub": "ana"}), datetime.now(UTC)

    def sign_in() -> int:
        with database.write() as connection:
            return save_signed_on(connection, claims, Role.VIEWER, now=now).person.id

    with ThreadPoolExecutor(1) as second, database.write() as first:
        ana = save_signed_on(first, claims, Role.VIEWER, now=now).person.id
        other = second.submit(sign_in)
        wait_until_blocked(first)
        first.commit()
        assert other.result() == ana


def wait_until_blocked(connection: Connection) -> None:
    """Until somebody waits for what this transaction holds."""
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    while connection.execute(waits).scalar_one() == 0:
        assert datetime.now(UTC) < deadline


def test_who_was_deactivated_here_stays_out(sign_on: SignOn, issuer: str, connection: Connection) -> None:
    add_person(issuer, "ana", **ANA, groups=["staff"])
    sign_on.finish("ana")
    connection.execute(text("UPDATE people SET deactivated_at = now()"))
    assert "deactivated" in sign_on.finish("ana").get_json(force=True)["detail"]


def test_a_state_of_another_browser_is_refused(sign_on: SignOn, issuer: str) -> None:
    add_person(issuer, "ana", **ANA, groups=["staff"])
    for changes in ({"state": "another"}, {"flow": sign_on.start()["flow"]}, {"flow": "made up"}):
        answer = sign_on.finish("ana", **changes)
        assert "not started in this browser" in answer.get_json(force=True)["detail"]


def test_a_code_works_once(sign_on: SignOn, issuer: str) -> None:
    add_person(issuer, "ana", **ANA, groups=["staff"])
    started = sign_on.start()
    brought = {"flow": started["flow"], **sign_in_there(started["authorization_url"], "ana")}
    statuses = [sign_on.api.send("POST", "/v1/single-sign-on/sessions", json=brought).status_code for _ in range(2)]
    assert statuses == [201, 403]


def test_the_flow_ends_after_10_minutes(issuer: str) -> None:
    now, references = datetime.now(UTC), References(IDENTIFIER_KEY)
    provider = OpenIdProvider(make_settings(issuer), issuer)
    started = start_flow(provider, references, RETURN, now=now - timedelta(minutes=11))
    state = sign_in_there(started.authorization_url, "ana")["state"]
    with pytest.raises(SignOnRefusedError, match="10 minutes"):
        open_flow(references, started.flow, state, now=now)


@pytest.mark.parametrize(
    ("lifetime", "given", "audience", "said"),
    [
        (timedelta(hours=1), "nonce", "viral", None),
        (timedelta(hours=1), "another", "viral", "InvalidClaimError"),
        (timedelta(hours=1), "nonce", "another", "InvalidClaimError"),
        (timedelta(hours=-1), "nonce", "viral", "ExpiredTokenError"),
    ],
)
def test_an_id_token_for_somebody_or_something_else_is_refused(
    lifetime: timedelta, given: str, audience: str, said: str | None
) -> None:
    with run_provider(token_lifetime=lifetime) as issuer:
        add_person(issuer, "ana", **ANA)
        asked = OpenIdProvider(make_settings(issuer), issuer)
        url = asked.build_authorization_url(RETURN, Secrets("state", "nonce", "v" * 43))
        assert "code_challenge_method=S256" in url
        code = sign_in_there(url, "ana")["code"]
        settings = make_settings(issuer).model_copy(update={"oidc_client_id": audience})
        provider = asked if audience == "viral" else Relabelled(settings, issuer)

        def fetch() -> dict[str, Any]:
            return provider.fetch_claims(code, RETURN, Secrets("state", given, "v" * 43))

        if said is None:
            assert fetch()["sub"] == "ana"
        else:
            with pytest.raises(SignOnRefusedError, match=said):
                fetch()


class Relabelled(OpenIdProvider):
    """Asks the provider under the name for which the code was given, and then expects its own."""

    def _exchange(self, code: str, redirect_uri: str, verifier: str) -> dict[str, Any]:
        return OpenIdProvider(make_settings(self._issuer), self._issuer)._exchange(code, redirect_uri, verifier)


def test_without_a_provider_the_routes_say_so(holder_of: Callable[..., Api]) -> None:
    dashboard = holder_of(Scope.SESSIONS_WRITE)
    problem = dashboard.refuse(404, "POST", "/v1/single-sign-on", json={"redirect_uri": RETURN})
    assert problem["code"] == "single_sign_on_off"


def test_while_the_provider_is_away_the_routes_say_so(
    database_url: str, redis_url: str, empty_database: Engine
) -> None:
    app = make_app(f"http://localhost:{find_free_port()}", database_url, redis_url)
    dashboard = Api(app, create_token(empty_database, Scope.SESSIONS_WRITE))
    answer = dashboard.send("POST", "/v1/single-sign-on", json={"redirect_uri": RETURN})
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (503, "provider_unavailable")
    assert answer.headers["Retry-After"]
