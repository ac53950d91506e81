-- A blocked deployment has its instance for itself as a running one has, and waits without a lease
-- until this moment; whatever should be looked at before moves it forward.
ALTER TABLE deployments ADD COLUMN wake_at timestamptz;

DROP INDEX deployments_one_running;
CREATE UNIQUE INDEX deployments_one_at_work ON deployments (instance_id)
    WHERE status IN ('running', 'blocked');
DROP INDEX deployments_queue;
CREATE INDEX deployments_queue ON deployments (instance_id, queue_number)
    WHERE status IN ('queued', 'running', 'blocked');
