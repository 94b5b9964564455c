-- The server's own statement for registrations (src/push/registrations.cpp), with one row.
\set n random(0, 999)
SELECT n, register_device(jid, issued_at, device_id, platform, push_token, app_id, false) FROM
jsonb_to_recordset(('[{"n":0,"jid":"user' || :n || '@' || :domain || '","issued_at":' || :issued_at ||
',"device_id":"phone","platform":"ios","push_token":"' || lpad(:n::text, 64, '0') || '","app_id":"com.example.veil"}]')::jsonb)
AS x (n integer, jid text, issued_at bigint, device_id text, platform text, push_token text, app_id text);
