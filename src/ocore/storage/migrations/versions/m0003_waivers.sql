-- A blocked deployment has its instance for itself as a running one has, and waits without a lease
-- until this moment; whatever should be looked at before moves it forward.
ALTER TABLE deployments ADD COLUMN wake_at timestamptz;

DROP INDEX deployments_one_running;
CREATE UNIQUE INDEX deployments_one_at_work ON deployments (instance_id)
    WHERE status IN ('running', 'blocked');
DROP INDEX deployments_queue;
CREATE INDEX deployments_queue ON deployments (instance_id, queue_number)
    WHERE status IN ('queued', 'running', 'blocked');

CREATE TABLE waivers (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    project_id uuid NOT NULL REFERENCES projects,
    -- Where what it accepts was seen.
    deployment_id uuid NOT NULL REFERENCES deployments,
    commit_sha text,
    gate text NOT NULL,
    scope text NOT NULL,
    actor_id text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    confirmation text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text
);
CREATE INDEX waivers_of_project ON waivers (project_id, created_at DESC, id DESC);

ALTER TABLE waivers ENABLE ROW LEVEL SECURITY;
ALTER TABLE waivers FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON waivers USING (
    current_setting('ocore.organization', true) IN (organization_id::text, '*'));
