-- An interrupted registration that the reconciler undoes: from then on nobody may finish it, as the account may go at any
-- moment.
ALTER TABLE account_operations
    DROP CONSTRAINT account_operations_kind_check,
    ADD CONSTRAINT account_operations_kind_check CHECK (kind IN ('register', 'undo', 'password', 'delete'));
