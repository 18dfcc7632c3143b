"""The table of notes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "x_good_tables_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("brand", sa.String(20), nullable=False),
        sa.Column("words", sa.String(40), nullable=False),
        sa.Column("person", sa.String(20), nullable=False),
        sa.Column("colour", sa.String(9), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_x_good_tables_note")),
    )


def downgrade():
    op.drop_table("x_good_tables_note")
