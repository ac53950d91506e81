-- name: append
-- Under the lease's term and nobody else's; the row's lock keeps the numbers in order.
WITH held AS (
    UPDATE deployments SET last_line = last_line + %(count)s
     WHERE id = %(id)s AND lease_term = %(term)s AND status = 'running'
 RETURNING id, organization_id, last_line
), kept AS (
    INSERT INTO transcript_chunks (deployment_id, organization_id, first_line, line_count, content)
    SELECT id, organization_id, last_line - %(count)s + 1, %(count)s, %(content)s FROM held
)
SELECT last_line, pg_notify('ocore_deployments', id::text) FROM held

-- name: read
SELECT first_line, line_count, content FROM transcript_chunks
 WHERE deployment_id = %(id)s AND first_line + line_count > %(after)s + 1
 ORDER BY first_line LIMIT %(limit)s
