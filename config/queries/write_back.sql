-- The marker table of WriteBackScores, for SQLite, PostgreSQL and MySQL: one row for each run that wrote scores. Rows of
-- a table and their marker are written in one transaction: both are there, or neither.

CREATE TABLE nightsift_runs (
    fingerprint VARCHAR(64) NOT NULL,        -- of the run: what was written, and of what it was made
    target_table VARCHAR(128) NOT NULL,
    target_column VARCHAR(64) NOT NULL,
    survey VARCHAR(64) NOT NULL,
    release_name VARCHAR(64) NOT NULL,
    packages VARCHAR(1024) NOT NULL,         -- what scored; of several packages, their names with commas
    nights VARCHAR(64) NOT NULL,
    scored_at VARCHAR(32) NOT NULL,          -- UTC, when the last of the scores was made
    written_at VARCHAR(32) NOT NULL,         -- UTC
    version VARCHAR(64) NOT NULL,            -- of Nightsift
    rows_matched BIGINT NOT NULL,            -- scored rows that the table has
    rows_updated BIGINT NOT NULL,            -- of these, rows whose score was another, or none
    rows_unchanged BIGINT NOT NULL,          -- of these, rows that held the score already
    rows_missing BIGINT NOT NULL,            -- scored rows that the table does not have
    PRIMARY KEY (fingerprint, target_table, target_column)
);
