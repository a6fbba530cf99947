"""Devices that connect users and referrals that may be the referrer's own, from indexes that hold nothing else."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

USERS, REFERRALS = "device_users", "referrals"


def upgrade() -> None:
    op.add_column(
        USERS,
        sa.Column(
            "connects",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether the device has 2 to 10 users",
        ),
    )
    op.execute("""
        UPDATE device_users SET connects = true WHERE device_fingerprint IN (
            SELECT device_fingerprint FROM device_users
            GROUP BY device_fingerprint HAVING count(*) BETWEEN 2 AND 10
        )
    """)
    op.create_index(
        f"idx_{USERS}_connects", USERS, ["device_fingerprint", "user_id"], postgresql_where=sa.text("connects")
    )
    op.create_index(f"idx_{REFERRALS}_user", REFERRALS, ["user_id", "day"])
    op.create_index(
        f"idx_{REFERRALS}_own",
        REFERRALS,
        ["day"],
        postgresql_where=sa.text("user_id IS NULL OR user_id = referrer_id"),
    )


def downgrade() -> None:
    op.drop_index(f"idx_{REFERRALS}_own", REFERRALS)
    op.drop_index(f"idx_{REFERRALS}_user", REFERRALS)
    op.drop_index(f"idx_{USERS}_connects", USERS)
    op.drop_column(USERS, "connects")
