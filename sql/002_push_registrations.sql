-- Devices that calls wake.

CREATE TABLE push_registrations (
    jid            text NOT NULL,
    device_id      text NOT NULL,
    platform       text NOT NULL CHECK (platform IN ('ios', 'android')),
    push_token     text NOT NULL,
    app_id         text NOT NULL,
    registered_at  timestamptz NOT NULL DEFAULT now(),
    last_result    text,
    last_result_at timestamptz,
    PRIMARY KEY (jid, device_id)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON push_registrations TO veil;
