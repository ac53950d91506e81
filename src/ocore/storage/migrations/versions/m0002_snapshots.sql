CREATE TABLE snapshots (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    instance_id uuid NOT NULL REFERENCES instances,
    deployment_id uuid REFERENCES deployments,
    status text NOT NULL,
    reason text NOT NULL,
    pinned boolean NOT NULL DEFAULT false,
    -- What was live when it was taken: its code.
    live json,
    -- What was taken, once it is.
    snapshot json,
    message text,
    -- Whether it was restored for a test: pending, passed or failed.
    proof text NOT NULL DEFAULT 'pending',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at timestamptz,
    -- Who takes or deletes it at the moment; past `work_until` somebody else may.
    worker text,
    work_until timestamptz,
    attempts int NOT NULL DEFAULT 0
);
CREATE INDEX snapshots_of_instance ON snapshots (instance_id, created_at DESC, id DESC);
CREATE INDEX snapshots_chores ON snapshots (created_at)
    WHERE status IN ('pending', 'creating', 'deleting')
       OR (status = 'available' AND proof = 'pending');

CREATE TABLE snapshot_settings (
    instance_id uuid PRIMARY KEY REFERENCES instances,
    organization_id uuid NOT NULL REFERENCES organizations,
    settings json NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The journals that are here already tell of snapshots, too. The tables below obey isolation even
-- for their owner: name every organization first.
SELECT set_config('ocore.organization', '*', true);
INSERT INTO snapshots (id, organization_id, instance_id, deployment_id, status, reason, live,
                       snapshot, created_at, completed_at)
SELECT DISTINCT ON (d.id)
       d.id, d.organization_id, d.instance_id, d.id, 'available',
       CASE d.trigger WHEN 'rollback' THEN 'rollback' ELSE 'deployment' END,
       d.record -> 'previous', j.entry -> 'artifact' -> 'value' -> 'snapshot',
       (j.entry ->> 'at')::timestamptz, (j.entry ->> 'at')::timestamptz
  FROM journal j JOIN deployments d ON d.id = j.deployment_id
 WHERE j.entry -> 'artifact' ->> 'type' = 'Snapped'
 ORDER BY d.id, j.seq DESC;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['snapshots', 'snapshot_settings'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY organization ON %I USING ('
            ' current_setting(''ocore.organization'', true) IN (organization_id::text, ''*''))',
            name
        );
    END LOOP;
END
$$;
