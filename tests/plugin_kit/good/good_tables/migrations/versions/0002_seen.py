"""When a note was seen, and how many stars it has."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "x_good_tables_seen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("how", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["note_id"], ["x_good_tables_note.id"], name=op.f("fk_x_good_tables_seen_note_id_x_good_tables_note")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_x_good_tables_seen")),
        sa.UniqueConstraint("at", name=op.f("uq_x_good_tables_seen_at")),
    )
    with op.batch_alter_table("x_good_tables_note") as table:
        table.add_column(sa.Column("stars", sa.Integer(), server_default="0", nullable=False))


def downgrade():
    with op.batch_alter_table("x_good_tables_note") as table:
        table.drop_column("stars")
    op.drop_table("x_good_tables_seen")
