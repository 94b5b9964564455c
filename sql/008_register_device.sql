-- One registration of a device, in one statement of the server: what it is checked against, and what it writes.

-- 'registered'; 'revoked': the account's tokens issued at or before `issued_at` (Unix seconds) are, perhaps with the
-- account; 'busy', only for who is not `patient`: it has to wait for somebody, or moves or removes other registrations,
-- which may be waited for. Who is not patient writes one row that nobody else can hold, so that many registrations can
-- share a transaction: it never waits for another one, and nothing waits for it in a circle. Who is patient is alone in
-- his transaction and takes the locks of account and token, in this order, then all rows in the order of all writers.
--
-- Every statement of a function sees what was committed before it began, and so behind the locks what those who held
-- them have done. The lock of the account is that of all its changes (its bare JID as a name): a deletion sees this
-- registration or is seen by it. The lock of the token: two accounts that register it at once must not wait for each
-- other's rows.
CREATE FUNCTION register_device(who text, issued_at bigint, device text, kind text, token text, app text, patient boolean)
    RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    max_devices CONSTANT integer := 20;
    account_lock CONSTANT bigint := hashtextextended(who, 0);
    token_lock CONSTANT bigint := hashtextextended('push token ' || kind || token, 0);
    digest CONSTANT bytea := sha256(convert_to(token, 'UTF8'));
    revoked boolean;
    elsewhere boolean;
    known boolean;
    devices bigint;
BEGIN
    IF patient THEN
        PERFORM pg_advisory_xact_lock(account_lock);
        PERFORM pg_advisory_xact_lock(token_lock);
    ELSIF NOT pg_try_advisory_xact_lock(account_lock) OR NOT pg_try_advisory_xact_lock(token_lock) THEN
        RETURN 'busy';
    END IF;

    SELECT EXISTS (SELECT FROM token_cutoffs c WHERE c.jid = who AND c.not_before >= issued_at),
           EXISTS (SELECT FROM push_registrations o WHERE o.platform = kind AND o.token_digest = digest
                   AND (o.jid, o.device_id) <> (who, device)),
           coalesce(bool_or(r.device_id = device), false), count(*)
    INTO revoked, elsewhere, known, devices
    FROM push_registrations r WHERE r.jid = who;
    IF revoked THEN
        RETURN 'revoked';
    END IF;

    IF patient THEN
        PERFORM FROM push_registrations r WHERE r.jid = who OR (r.platform = kind AND r.token_digest = digest)
            ORDER BY r.jid, r.device_id FOR UPDATE;
        DELETE FROM push_registrations r WHERE r.platform = kind AND r.token_digest = digest
            AND (r.jid, r.device_id) <> (who, device);
    ELSIF elsewhere OR (devices >= max_devices AND NOT known) THEN
        RETURN 'busy';
    ELSIF known THEN
        PERFORM FROM push_registrations r WHERE r.jid = who AND r.device_id = device FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN 'busy';
        END IF;
    END IF;

    -- What is known of the old token says nothing about a new one.
    INSERT INTO push_registrations AS r (jid, device_id, platform, push_token, token_digest, app_id, registered_at)
    VALUES (who, device, kind, token, digest, app, clock_timestamp())
    ON CONFLICT (jid, device_id) DO UPDATE SET
        platform = excluded.platform, push_token = excluded.push_token, token_digest = excluded.token_digest,
        app_id = excluded.app_id, registered_at = excluded.registered_at,
        last_result = CASE WHEN r.push_token = excluded.push_token THEN r.last_result END,
        last_result_at = CASE WHEN r.push_token = excluded.push_token THEN r.last_result_at END,
        apns_environment = CASE WHEN r.push_token = excluded.push_token THEN r.apns_environment END;

    IF patient THEN
        DELETE FROM push_registrations r WHERE r.jid = who AND r.device_id IN (
            SELECT o.device_id FROM push_registrations o WHERE o.jid = who AND o.device_id <> device
            ORDER BY o.registered_at DESC, o.device_id OFFSET max_devices - 1);
    END IF;
    RETURN 'registered';
END
$$;

REVOKE EXECUTE ON FUNCTION register_device FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register_device TO veil;
