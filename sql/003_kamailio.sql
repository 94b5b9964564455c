-- Kamailio's tables, with the versions that its modules check at start: subscriber 7, location 9 (Kamailio 5.6 to 6.1).

CREATE TABLE version (
    table_name    varchar(32) PRIMARY KEY,
    table_version integer NOT NULL DEFAULT 0
);
INSERT INTO version (table_name, table_version) VALUES ('version', 1), ('subscriber', 7), ('location', 9);

CREATE TABLE subscriber (
    username   varchar(64)  NOT NULL,
    domain     varchar(64)  NOT NULL,
    password   varchar(64)  NOT NULL DEFAULT '' CHECK (password = ''),  -- auth_db reads ha1
    ha1        varchar(128) NOT NULL,                                   -- MD5(username:domain:password)
    ha1b       varchar(128) NOT NULL,                                   -- MD5(username@domain:domain:password)
    created_at timestamptz  NOT NULL DEFAULT now(),
    PRIMARY KEY (username, domain)
);

CREATE TABLE location (
    id            serial PRIMARY KEY,
    ruid          varchar(64)  NOT NULL DEFAULT '' UNIQUE,
    username      varchar(64)  NOT NULL DEFAULT '',
    domain        varchar(64)  DEFAULT NULL,
    contact       varchar(512) NOT NULL DEFAULT '',
    received      varchar(128) DEFAULT NULL,
    path          varchar(512) DEFAULT NULL,
    expires       timestamp    NOT NULL DEFAULT '2030-05-28 21:32:15',
    q             real         NOT NULL DEFAULT 1.0,
    callid        varchar(255) NOT NULL DEFAULT 'Default-Call-ID',
    cseq          integer      NOT NULL DEFAULT 1,
    last_modified timestamp    NOT NULL DEFAULT '2000-01-01 00:00:01',
    flags         integer      NOT NULL DEFAULT 0,
    cflags        integer      NOT NULL DEFAULT 0,
    user_agent    varchar(255) NOT NULL DEFAULT '',
    socket        varchar(64)  DEFAULT NULL,
    methods       integer      DEFAULT NULL,
    instance      varchar(255) DEFAULT NULL,
    reg_id        integer      NOT NULL DEFAULT 0,
    server_id     integer      NOT NULL DEFAULT 0,
    connection_id integer      NOT NULL DEFAULT 0,
    keepalive     integer      NOT NULL DEFAULT 0,
    partition     integer      NOT NULL DEFAULT 0
);
CREATE INDEX location_account_contact_idx ON location (username, domain, contact);
CREATE INDEX location_expires_idx ON location (expires);
CREATE INDEX location_connection_idx ON location (server_id, connection_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON subscriber TO veil;
GRANT SELECT, DELETE ON location TO veil;
GRANT SELECT ON version, subscriber TO kamailio;
GRANT SELECT, INSERT, UPDATE, DELETE ON location TO kamailio;
GRANT USAGE, SELECT ON SEQUENCE location_id_seq TO kamailio;
