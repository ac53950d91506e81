CREATE TABLE auto_deploys (
    instance_id uuid PRIMARY KEY REFERENCES instances,
    organization_id uuid NOT NULL REFERENCES organizations,
    enabled boolean NOT NULL,
    branch_pattern text NOT NULL,
    -- The deployment that went back, whose pause somebody has lifted.
    resumed_id uuid REFERENCES deployments,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE webhooks (
    project_id uuid PRIMARY KEY REFERENCES projects,
    organization_id uuid NOT NULL REFERENCES organizations,
    -- The secret is made from the platform's own and from this.
    version uuid NOT NULL,
    rotated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['auto_deploys', 'webhooks'] LOOP
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
