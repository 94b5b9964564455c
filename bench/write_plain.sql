-- An upsert of the same row and nothing else: no lock, no look at revoked tokens, none at other devices.
\set n random(0, 999)
INSERT INTO push_registrations (jid, device_id, platform, push_token, token_digest, app_id, registered_at)
VALUES ('user' || :n || '@' || :domain, 'phone', 'ios', lpad(:n::text, 64, '0'), sha256(lpad(:n::text, 64, '0')::bytea),
'com.example.veil', clock_timestamp()) ON CONFLICT (jid, device_id) DO UPDATE SET platform = excluded.platform,
push_token = excluded.push_token, token_digest = excluded.token_digest, app_id = excluded.app_id,
registered_at = excluded.registered_at;
