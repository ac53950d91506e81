CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE memberships (
    user_id uuid NOT NULL REFERENCES users,
    organization_id uuid NOT NULL REFERENCES organizations,
    role text NOT NULL,
    PRIMARY KEY (user_id, organization_id)
);

-- One row for each refresh token ever given out; those of one sign-in share a family.
CREATE TABLE sessions (
    token_hash text PRIMARY KEY,
    family uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz
);
CREATE INDEX sessions_family ON sessions (family);

CREATE TABLE projects (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    slug text NOT NULL,
    record json NOT NULL,
    deployments_count bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (organization_id, slug)
);

CREATE TABLE instances (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    project_id uuid NOT NULL REFERENCES projects,
    slug text NOT NULL,
    host text NOT NULL UNIQUE,
    record json NOT NULL,
    status text NOT NULL DEFAULT 'empty',
    status_message text,
    live json,
    -- The fencing token: grows with every claim of a deployment of this instance.
    fence bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (project_id, slug)
);

CREATE TABLE deployments (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    project_id uuid NOT NULL REFERENCES projects,
    instance_id uuid NOT NULL REFERENCES instances,
    queue_number bigint GENERATED ALWAYS AS IDENTITY,
    status text NOT NULL DEFAULT 'queued',
    trigger text NOT NULL,
    record json NOT NULL,
    -- What the API shows, written in the transaction of each change: a read is one passthrough.
    view text NOT NULL,
    cancel_requested boolean NOT NULL DEFAULT false,
    lease_owner text,
    lease_term bigint,
    lease_until timestamptz,
    last_seq bigint NOT NULL DEFAULT 0,
    last_line bigint NOT NULL DEFAULT 0
);
-- The database itself refuses a second run on one instance.
CREATE UNIQUE INDEX deployments_one_running ON deployments (instance_id) WHERE status = 'running';
CREATE INDEX deployments_queue ON deployments (instance_id, queue_number)
    WHERE status IN ('queued', 'running');
CREATE INDEX deployments_of_project ON deployments (project_id, queue_number DESC);
CREATE INDEX deployments_of_instance ON deployments (instance_id, queue_number DESC);

CREATE TABLE journal (
    deployment_id uuid NOT NULL REFERENCES deployments,
    organization_id uuid NOT NULL REFERENCES organizations,
    seq bigint NOT NULL,
    kind text NOT NULL,
    entry json,
    event text NOT NULL,
    PRIMARY KEY (deployment_id, seq)
);

CREATE TABLE transcript_chunks (
    deployment_id uuid NOT NULL REFERENCES deployments,
    organization_id uuid NOT NULL REFERENCES organizations,
    first_line bigint NOT NULL,
    line_count bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (deployment_id, first_line)
);

CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL REFERENCES organizations,
    key text NOT NULL,
    request text NOT NULL,
    deployment_id uuid NOT NULL REFERENCES deployments,
    PRIMARY KEY (organization_id, key)
);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    action text NOT NULL,
    resource_id text NOT NULL
);

-- Isolation holds below every query: a transaction sees the rows of the organization it has named,
-- and none when it has named none. FORCE, because the platform's role owns the tables. The worker
-- names '*': it serves all organizations.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'projects', 'instances', 'deployments', 'journal', 'transcript_chunks',
        'idempotency_keys', 'audit_log'
    ] LOOP
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
