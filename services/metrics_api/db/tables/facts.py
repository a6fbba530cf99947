"""Facts kept at write time from events and content; see docs/decisions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    Double,
    Identity,
    Index,
    Integer,
    Interval,
    SmallInteger,
    Table,
    Text,
    Uuid,
    desc,
    or_,
    text,
)
from sqlalchemy.dialects.postgresql import INET

from metrics_api.db.event_types import ACTION_KEY, HAS_NO_VALUE, USER_AGENT_KEY, USER_KEY, build_pair_key
from metrics_api.db.tables.columns import count_column, metadata, time_column

BURST_SIZES = range(2, 11)
MAX_BURST_SECONDS = 60
MOST_CONNECTED_USERS = 10
"""Devices of more users say nothing about who knows whom."""
EVIDENCE_FLOOR = 5
"""Clicks of a network on a day above which it is kept who made them: the lowest threshold that can be configured."""

link_counts = Table(
    "link_counts",
    metadata,
    Column("link_id", Text, primary_key=True),
    count_column("clicks"),
    count_column("conversions"),
    comment="Counts by link id, known or not, so that a link announced late starts with its true counts",
)

clicks_per_ip_day = Table(
    "clicks_per_ip_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("ip_address", INET, primary_key=True, comment="An IPv4 address, or the prefix of an IPv6 network"),
    count_column("clicks"),
    Column("devices", BigInteger, comment="Empty where there are too few clicks to look at who made them"),
    Column("referrers", BigInteger),
    Column("top_referrer_clicks", BigInteger),
)
Index("idx_clicks_per_ip_day_worst", clicks_per_ip_day.c.day, desc(clicks_per_ip_day.c.clicks))

devices_per_network_day = Table(
    "devices_per_network_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("ip_address", INET, primary_key=True),
    Column("device_fingerprint", Text, primary_key=True),
    Column("user_id", Text, primary_key=True, comment="Tells equal devices apart; empty where nobody is known"),
    comment="Devices that clicked from networks with more clicks on the day than the floor",
)
DEVICE_HASH = "hashtextextended(device_fingerprint, hashtextextended(user_id, 0))"
"""The order in which a network's devices are sampled."""
Index(
    "idx_devices_per_network_day_sample",
    devices_per_network_day.c.day,
    devices_per_network_day.c.ip_address,
    text(DEVICE_HASH),
)

referrers_per_network_day = Table(
    "referrers_per_network_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("ip_address", INET, primary_key=True),
    Column("referrer_id", Text, primary_key=True),
    count_column("clicks"),
    comment="Whose links were clicked from networks with more clicks on the day than the floor",
)

clicks_per_device_day = Table(
    "clicks_per_device_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("device_fingerprint", Text, primary_key=True),
    count_column("clicks"),
    time_column("first_click_at", nullable=False),
    time_column("last_click_at", nullable=False),
)

# Whether a device clicked on an earlier date.
Index(
    "idx_clicks_per_device_day_device",
    clicks_per_device_day.c.device_fingerprint,
    clicks_per_device_day.c.day,
)

bursts_per_device_day = Table(
    "bursts_per_device_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("device_fingerprint", Text, primary_key=True),
    *(Column(f"span_{size}", Interval) for size in BURST_SIZES),
    comment="Shortest time for 2 to 10 clicks in a row whose last lies on the day, up to 60 s",
)

activity_per_referrer_day = Table(
    "activity_per_referrer_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("referrer_id", Text, primary_key=True, comment="Empty where nobody gets the credit"),
    Column("source", Text, primary_key=True, comment="Empty where no loop is known"),
    *(count_column(name) for name in ("invites", "clicks", "visits", "signups", "conversions", "activations")),
    count_column("purged_conversions", comment="Those of the conversions whose referrers' names were purged"),
    # A column, because an index on the clicks themselves would change with every click.
    Column(
        "conversion_tenths",
        SmallInteger,
        Computed("CAST(least(10, 10 * conversions / greatest(clicks, 1)) AS smallint)", persisted=True),
        comment="Tenths of a conversion per click, rounded down: 10 from one conversion per click on",
    ),
    Column("is_active", Boolean, Computed("invites + clicks + conversions > 0", persisted=True)),
)
# Conversions are rare, so these hold few rows and change seldom.
Index(
    "idx_activity_per_referrer_day_by_referrer",
    activity_per_referrer_day.c.referrer_id,
    activity_per_referrer_day.c.day,
    postgresql_include=["source", "conversions"],
    postgresql_where=activity_per_referrer_day.c.conversions > 0,
)
Index(
    "idx_activity_per_referrer_day_rate",
    activity_per_referrer_day.c.day,
    activity_per_referrer_day.c.conversion_tenths,
    postgresql_include=["referrer_id", "conversions"],
    postgresql_where=activity_per_referrer_day.c.conversions > 0,
)
# The days on which a referrer invited.
Index(
    "idx_activity_per_referrer_day_invites",
    activity_per_referrer_day.c.referrer_id,
    activity_per_referrer_day.c.day,
    activity_per_referrer_day.c.source,
    postgresql_where=activity_per_referrer_day.c.invites > 0,
)

# The days on which a referrer was active. Counts are in no index of theirs: they change with every batch.
Index(
    "idx_activity_per_referrer_day_active",
    activity_per_referrer_day.c.referrer_id,
    activity_per_referrer_day.c.day,
    activity_per_referrer_day.c.source,
    postgresql_where=activity_per_referrer_day.c.is_active,
)

activity_per_day = Table(
    "activity_per_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("source", Text, primary_key=True, comment="Empty where no loop is known"),
    Column("has_referrer", Boolean, primary_key=True, comment="False where nobody gets the credit"),
    *(count_column(name) for name in ("invites", "clicks", "visits", "signups", "conversions", "activations")),
    count_column("purged_conversions"),
    comment="The sums of activity_per_referrer_day over all referrers",
)

inviters_per_day = Table(
    "inviters_per_day",
    metadata,
    Column("source", Text, primary_key=True, comment="Empty for all loops together"),
    Column("day", Date, primary_key=True),
    Column(
        "previous_day",
        Date,
        primary_key=True,
        comment="The last day before on which they invited; the first of all dates where there is none",
    ),
    count_column("inviters"),
    comment="Users who invited; different ones of a period are those whose previous day is before it",
)

active_referrers_per_day = Table(
    "active_referrers_per_day",
    metadata,
    Column("source", Text, primary_key=True, comment="Empty for all loops together"),
    Column("day", Date, primary_key=True),
    Column("previous_day", Date, primary_key=True, comment="As in inviters_per_day"),
    count_column("referrers"),
    comment="Referrers with invites, clicks or conversions",
)

conversions_per_referrer_day = Table(
    "conversions_per_referrer_day",
    metadata,
    Column("source", Text, primary_key=True, comment="Empty for all loops together"),
    Column("referrer_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    count_column("conversions"),
    comment="Conversions that a referrer gets the credit for, in an order that leads to those with most",
)
Index(
    "idx_conversions_per_referrer_day_most",
    conversions_per_referrer_day.c.day,
    conversions_per_referrer_day.c.source,
    desc(conversions_per_referrer_day.c.conversions),
    postgresql_include=["referrer_id"],
)

activity_per_campaign_day = Table(
    "activity_per_campaign_day",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("referrer_id", Text, primary_key=True, comment="Empty where it was purged"),
    Column("source", Text, primary_key=True),
    *(count_column(name) for name in ("invites", "clicks", "visits", "signups", "conversions", "activations")),
    count_column("purged_conversions", comment="As in activity_per_referrer_day"),
    comment="The part of activity_per_referrer_day whose links are of a campaign",
)

user_journeys = Table(
    "user_journeys",
    metadata,
    Column("person", Text, primary_key=True, comment="user:, session: or device: and the id"),
    time_column("first_click_at"),
    time_column("first_visit_at"),
    time_column("first_signup_at"),
    time_column("first_conversion_at"),
    time_column("first_activation_at"),
    # The way from the first click: each step's first time at or after the step before it.
    time_column("visited_at"),
    time_column("signed_up_at"),
    time_column("converted_at"),
    time_column("activated_at"),
    Column("clicked_by_event", Uuid, comment="The first click; of several at one time the one with the smallest id"),
    Column("click_source", Text, comment="The loop of the first click"),
    time_column("referred_at"),
    Column("referred_by_event", Uuid, comment="The earliest event with a referrer decides"),
    Column("referrer_id", Text),
    time_column("sourced_at"),
    Column("sourced_by_event", Uuid, comment="The earliest event with a loop decides, whoever gets the credit"),
    Column("source", Text),
)

Index("idx_user_journeys_first_click", user_journeys.c.first_click_at)
Index("idx_user_journeys_first_signup", user_journeys.c.first_signup_at)
Index("idx_user_journeys_referrer", user_journeys.c.referrer_id, user_journeys.c.first_signup_at)

active_weeks = Table(
    "active_weeks",
    metadata,
    Column("person", Text, primary_key=True),
    Column("week", Date, primary_key=True),
    comment="ISO weeks, by their Monday, in which a user did anything",
)

referrals = Table(
    "referrals",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("day", Date, nullable=False),
    time_column("occurred_at", nullable=False),
    Column("event_type", Text, nullable=False, comment="signup or conversion"),
    Column("referrer_id", Text, nullable=False),
    Column("person", Text, comment="As in user_journeys"),
    Column("user_id", Text),
    Column("device_fingerprint", Text),
    Column("network", INET, comment="As in clicks_per_ip_day"),
    Column("link_id", Text),
    Column("source", Text),
    Column("user_agent", Text),
    Column("conversion_value", Double),
    time_column("clicked_at"),
    Column("active_again", Boolean, comment="Of conversions of somebody known; null until 7 days are over"),
    Column("campaign", Text, comment="As in attribution_events"),
    Column(
        "may_repeat",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether it is one of several conversions of a user without a value, or the same in a minute;"
        " stays true where the others are deleted",
    ),
    Column(
        "user_refers",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether the user is the referrer of others; stays true where those are deleted",
    ),
    comment="Signups and conversions with a referrer, and the last click of the pair in the 7 days before",
)
_referral = referrals.c
Index("idx_referrals_day", _referral.day)
Index("idx_referrals_referrer", _referral.referrer_id, _referral.occurred_at)
# By what may be flagged, so that suspect referrals are found without the others.
Index("idx_referrals_network", _referral.network, _referral.day)
Index("idx_referrals_device", _referral.device_fingerprint, _referral.day)
Index("idx_referrals_link", _referral.link_id, _referral.day)
Index("idx_referrals_user_agent", text(USER_AGENT_KEY), _referral.day)
Index("idx_referrals_user", _referral.user_id, _referral.day)
# All that can be self-referrals without a second user of the device.
Index(
    "idx_referrals_own",
    _referral.day,
    postgresql_where=or_(_referral.user_id.is_(None), _referral.user_id == _referral.referrer_id),
)
Index("idx_referrals_without_value", text(USER_KEY), _referral.day, postgresql_where=text(HAS_NO_VALUE))
Index("idx_referrals_action", text(ACTION_KEY), _referral.occurred_at)
Index("idx_referrals_user_refers", _referral.day, postgresql_where=_referral.user_refers)
Index("idx_referrals_repeats", _referral.day, postgresql_where=_referral.may_repeat)
Index("idx_referrals_pair", text(build_pair_key("person", "referrer_id")), _referral.occurred_at)
Index(
    "idx_referrals_unsettled",
    _referral.occurred_at,
    postgresql_where=text("active_again IS NULL AND event_type = 'conversion' AND person IS NOT NULL"),
)

device_users = Table(
    "device_users",
    metadata,
    Column("device_fingerprint", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column(
        "connects",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment=f"Whether the device has 2 to {MOST_CONNECTED_USERS} users",
    ),
    comment="Which users did anything on a device",
)
Index(
    "idx_device_users_connects",
    device_users.c.device_fingerprint,
    device_users.c.user_id,
    postgresql_where=device_users.c.connects,
)

traffic_per_day = Table(
    "traffic_per_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("source", Text, primary_key=True, comment="Empty where no loop is known"),
    Column("traffic_class", Text, primary_key=True),
    Column("traffic_reason", Text, primary_key=True, comment="Empty where the class needs none"),
    count_column("clicks"),
    count_column("visits"),
    Column("sample", Uuid, nullable=False, comment="The event with the smallest id; it may be gone"),
    comment="Clicks and visits by class, those that count nowhere too",
)

fact_versions = Table(
    "fact_versions",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("rules", Text, nullable=False, comment="What classes and facts depend on beside the events"),
    time_column("started_at", nullable=False),
    comment="By which rules events are classified and folded; the newest are in use",
)

event_pii_per_day = Table(
    "event_pii_per_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("source", Text, primary_key=True, comment="Empty where no loop is known"),
    Column("field", Text, primary_key=True),
    Column("pii_type", Text, primary_key=True),
    count_column("events"),
    comment="Events in which personal information was replaced; nothing else says so, so that it cannot be rebuilt",
)
_leak = event_pii_per_day.c
Index("idx_event_pii_per_day_first_seen", _leak.source, _leak.field, _leak.pii_type, _leak.day)

content_per_day = Table(
    "content_per_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("kind", Text, primary_key=True, comment="link, parent_share, progress_reel or study_session"),
    count_column("items"),
    count_column("unopened"),
    count_column("participants"),
    count_column("checked"),
    count_column("violating"),
    comment="Items by the day of their creation, and how many of them nobody has opened yet",
)
