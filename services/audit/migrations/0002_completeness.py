"""Which numbers of producers and aggregates have been entered, from the first entry of the log on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE

revision = "0002"
down_revision = "0001"

#: What the log holds already. A leaf with an escaped NUL is passed over: no text of Postgres can hold it.
NUMBER = r"""
WITH leaf AS MATERIALIZED (
    SELECT position, topic, convert_from(leaf, 'UTF8')::json AS content FROM entry
    WHERE coalesce(kind, '') NOT IN ('invalid', 'unreadable') AND convert_from(leaf, 'UTF8') !~ '\\u0000'),
  event AS (
    SELECT topic,
      (SELECT header ->> 1 FROM json_array_elements(content -> 'headers') AS header
        WHERE header ->> 0 = 'ce_source' LIMIT 1) AS source,
      (SELECT header ->> 1 FROM json_array_elements(content -> 'headers') AS header
        WHERE header ->> 0 = 'ce_subject' LIMIT 1) AS subject,
      (SELECT header ->> 1 FROM json_array_elements(content -> 'headers') AS header
        WHERE header ->> 0 = 'ce_sequence' LIMIT 1) AS sequence,
      (SELECT header ->> 1 FROM json_array_elements(content -> 'headers') AS header
        WHERE header ->> 0 = 'ce_streamseq' LIMIT 1) AS streamseq
    FROM leaf),
  number AS (
    SELECT source AS series, split_part(streamseq, '.', 1)::int::text AS member,
      split_part(streamseq, '.', 2)::bigint AS n
    FROM event WHERE streamseq ~ '^[0-9]{1,9}\.[1-9][0-9]{0,17}$'
    UNION ALL
    SELECT topic, subject, sequence::bigint FROM event
    WHERE sequence ~ '^0*[1-9][0-9]{0,17}$' AND length(subject) <= 200 AND topic NOT LIKE '%.access.events.v1')
INSERT INTO numbering (series, member, entered, missing_since)
  SELECT series, member, range_agg(int8range(n, n, '[]')), clock_timestamp() FROM number GROUP BY series, member"""


def upgrade() -> None:
    op.create_table(
        "numbering",
        sa.Column("series", sa.Text(collation="C"), primary_key=True),
        sa.Column("member", sa.Text(collation="C"), primary_key=True),
        sa.Column("entered", INT8MULTIRANGE, nullable=False),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "first_missing",
            sa.BigInteger,
            sa.Computed("lower(int8multirange(int8range(1, upper(entered))) - entered)", persisted=True),
        ),
    )
    op.create_index(
        "numbering_incomplete", "numbering", ["series"], postgresql_where=sa.text("first_missing IS NOT NULL")
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON numbering TO audit_writer")
    op.execute("GRANT SELECT ON numbering TO audit_reader")
    op.execute(NUMBER)
