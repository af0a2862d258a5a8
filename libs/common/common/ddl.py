"""Data definition that metadata cannot express: partitions of the outbox, and what the service's role may do."""

from collections.abc import Sequence

#: Three days ahead, seven kept. Run by the service's timer; SECURITY DEFINER, because its role may not create tables.
#: A day whose first rows came before its partition (after some days at rest) stays in the default partition: no
#: other could be made for it, and the attempt would keep all later days from theirs.
OUTBOX_PARTITIONS = """
CREATE FUNCTION keep_outbox_partitions() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE missing date; part regclass; name text; waits boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('keep_outbox_partitions'));
  FOR missing IN SELECT current_date + i FROM generate_series(0, 3) AS i LOOP
    name := 'outbox_' || to_char(missing, 'YYYYMMDD');
    CONTINUE WHEN EXISTS (SELECT FROM outbox_late WHERE day = missing);
    IF to_regclass(name) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF outbox FOR VALUES FROM (%L) TO (%L)', name, missing, missing + 1);
    END IF;
  END LOOP;
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'outbox'::regclass
      AND inhrelid::regclass::text ~ '^outbox_[0-9]{8}$'
      AND to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') < current_date - 7 LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE published_at IS NULL)', part) INTO waits;
    IF NOT waits THEN EXECUTE format('DROP TABLE %s', part); END IF;
  END LOOP;
  DELETE FROM outbox_late WHERE day < current_date - 7 AND published_at IS NOT NULL;
END $$"""


def outbox_ddl(role: str) -> Sequence[str]:
    """Statements for the first migration, after the tables exist."""
    return (
        "CREATE TABLE outbox_late PARTITION OF outbox DEFAULT",
        OUTBOX_PARTITIONS,
        "REVOKE EXECUTE ON FUNCTION keep_outbox_partitions() FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION keep_outbox_partitions() TO {role}",
        "SELECT keep_outbox_partitions()",
        "INSERT INTO outbox_stream DEFAULT VALUES",
        f"GRANT SELECT, INSERT, UPDATE ON outbox TO {role}",
        f"GRANT SELECT, UPDATE ON outbox_stream TO {role}",
        f"GRANT SELECT, INSERT, DELETE ON inbox TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letter TO {role}",
        f"GRANT SELECT, INSERT, UPDATE ON consumer_position TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO {role}",
    )


def dead_letter_decisions_ddl(role: str) -> Sequence[str]:
    """For databases whose first migration knew no decisions about dead letters; where it did, nothing changes."""
    return (
        """ALTER TABLE dead_letter
             ADD COLUMN IF NOT EXISTS state text NOT NULL DEFAULT 'open',
             ADD COLUMN IF NOT EXISTS decided_at timestamptz,
             ADD COLUMN IF NOT EXISTS decided_by text,
             ADD COLUMN IF NOT EXISTS reason_code text,
             DROP CONSTRAINT IF EXISTS state_known,
             ADD CONSTRAINT state_known CHECK (state IN ('open', 'replay_wanted', 'applied', 'dropped'))""",
        """CREATE INDEX IF NOT EXISTS dead_letter_wanted ON dead_letter (consumer)
             WHERE state = 'replay_wanted'""",
        f"GRANT UPDATE ON dead_letter TO {role}",
    )
