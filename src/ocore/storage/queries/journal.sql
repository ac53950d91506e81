-- name: journal
SELECT entry FROM journal WHERE deployment_id = %(id)s AND entry IS NOT NULL ORDER BY seq
