"""What an erasure leaves under the devices, sessions and addresses that the subject used, until somebody decides."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "Devices, sessions and addresses of what was erased, and events credited to it"
    op.add_column("privacy_requests", sa.Column("traces", JSONB, comment=comment))


def downgrade() -> None:
    op.drop_column("privacy_requests", "traces")
