-- Whether a snapshot has a copy off-site: none, sending or stored. Tried again after `offsite_after`.
ALTER TABLE snapshots
    ADD COLUMN offsite text NOT NULL DEFAULT 'none',
    ADD COLUMN offsite_message text,
    ADD COLUMN offsite_after timestamptz,
    ADD COLUMN offsite_attempts int NOT NULL DEFAULT 0;
CREATE INDEX snapshots_stored ON snapshots (instance_id) WHERE offsite = 'stored';
