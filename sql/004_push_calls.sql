-- Calls that wake devices, what became of each push, and Apple's provider token, which all processes share.

-- One physical token belongs to one account. The digest stands for a token that may be too long for an index.
ALTER TABLE push_registrations ADD COLUMN token_digest bytea;
ALTER TABLE push_registrations ADD COLUMN apns_environment text CHECK (apns_environment IN ('production', 'sandbox'));
UPDATE push_registrations SET token_digest = sha256(convert_to(push_token, 'UTF8'));
DELETE FROM push_registrations older USING push_registrations newer
    WHERE older.platform = newer.platform AND older.token_digest = newer.token_digest
      AND (older.registered_at, older.jid, older.device_id) < (newer.registered_at, newer.jid, newer.device_id);
ALTER TABLE push_registrations ALTER COLUMN token_digest SET NOT NULL;
CREATE UNIQUE INDEX push_registrations_token_idx ON push_registrations (platform, token_digest);

-- A call to one callee. Who claims the row rings; retransmissions find it and ring nobody. `sent` is what the webhook was
-- answered; while it is null and the lease holds, the claimer is at work.
CREATE TABLE push_calls (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    callee      text NOT NULL,
    call_id     text NOT NULL,
    claimed_at  timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz NOT NULL,
    sent        integer,
    over_at     timestamptz,   -- from here on nobody is to ring
    over_reason text,          -- what devices that rang all the same are told
    UNIQUE (callee, call_id)
);
CREATE INDEX push_calls_claimed_idx ON push_calls (claimed_at);

-- The devices of a call. A registration that goes takes its rows along: nothing is sent to it any more.
CREATE TABLE push_call_devices (
    call      bigint NOT NULL REFERENCES push_calls (id) ON DELETE CASCADE,
    callee    text NOT NULL,
    device_id text NOT NULL,
    state     text NOT NULL DEFAULT 'sending' CHECK (state IN ('sending', 'rung', 'failed', 'cancelled')),
    PRIMARY KEY (call, device_id),
    FOREIGN KEY (callee, device_id) REFERENCES push_registrations (jid, device_id) ON DELETE CASCADE
);
CREATE INDEX push_call_devices_registration_idx ON push_call_devices (callee, device_id);

-- Every attempt of the last seven days, without token and without names.
CREATE TABLE push_log (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL,
    call_id      text NOT NULL,
    jid          text NOT NULL,
    device_id    text NOT NULL,
    platform     text NOT NULL,
    provider     text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('call', 'cancel', 'test')),
    attempt      integer NOT NULL,
    outcome      text NOT NULL,
    reason       text NOT NULL,
    milliseconds integer NOT NULL,
    push_id      uuid NOT NULL   -- sent to Apple as apns-id
);
CREATE INDEX push_log_at_idx ON push_log (at);
CREATE INDEX push_log_jid_idx ON push_log (jid, id);
CREATE INDEX push_log_call_idx ON push_log (call_id);

-- Apple counts new provider tokens for a whole team, so there is one, encrypted, for all processes.
CREATE TABLE push_provider_tokens (
    key_id           text NOT NULL,
    team_id          text NOT NULL,
    sealed           text NOT NULL,
    issued_at        bigint NOT NULL,               -- its iat, Unix seconds
    minted_at        bigint NOT NULL,               -- when it was made, Unix seconds
    previous_sealed  text,
    previous_issued_at bigint,
    no_mint_before   bigint NOT NULL DEFAULT 0,     -- Unix seconds
    PRIMARY KEY (key_id, team_id)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON push_calls, push_call_devices, push_provider_tokens TO veil;
GRANT SELECT, INSERT, DELETE ON push_log TO veil;
