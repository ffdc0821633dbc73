-- Tables of a generic survey, for SQLite, PostgreSQL and MySQL. In MySQL make the database with CHARACTER SET utf8mb4
-- COLLATE utf8mb4_bin, so that ids that differ in case alone stay apart.
--
-- Ids are text; angles in degrees, times in UTC MJD, pixels 0-based with the
-- centre of the first pixel at 0; paths are relative to the survey's folder.

CREATE TABLE exposures (
    exposure_id VARCHAR(64) PRIMARY KEY,
    night VARCHAR(10) NOT NULL,              -- local date of the evening, YYYY-MM-DD
    telescope VARCHAR(64),
    detector VARCHAR(64),
    band VARCHAR(64),
    time_mjd DOUBLE PRECISION,                    -- middle of the exposure
    exposure_s DOUBLE PRECISION,
    zeropoint DOUBLE PRECISION,                   -- magnitude of 1 ADU
    gain DOUBLE PRECISION,                        -- electrons an ADU
    read_noise DOUBLE PRECISION,                  -- electrons
    saturation DOUBLE PRECISION,                  -- ADU
    fwhm_pixel DOUBLE PRECISION,
    pixel_scale_arcsec DOUBLE PRECISION,
    science_path TEXT,
    template_path TEXT,
    difference_path TEXT
);

CREATE TABLE candidates (
    candidate_id VARCHAR(64) PRIMARY KEY,
    object_id VARCHAR(64) NOT NULL,          -- shared by candidates at one place of the sky
    exposure_id VARCHAR(64) NOT NULL REFERENCES exposures (exposure_id),
    ra_deg DOUBLE PRECISION,
    dec_deg DOUBLE PRECISION,
    x_pixel DOUBLE PRECISION,
    y_pixel DOUBLE PRECISION,
    magnitude DOUBLE PRECISION,
    magnitude_error DOUBLE PRECISION,
    fwhm_pixel DOUBLE PRECISION,
    snr DOUBLE PRECISION,
    flux_sign INTEGER                 -- of science - template: +1 or -1
);

CREATE TABLE movers (                 -- ephemeris: where known solar-system objects were
    mover_id VARCHAR(64),
    exposure_id VARCHAR(64) REFERENCES exposures (exposure_id),
    time_mjd DOUBLE PRECISION,
    ra_deg DOUBLE PRECISION,
    dec_deg DOUBLE PRECISION,
    magnitude DOUBLE PRECISION
);

CREATE TABLE variables (              -- catalogue of variable stars
    variable_id VARCHAR(64),
    ra_deg DOUBLE PRECISION,
    dec_deg DOUBLE PRECISION,
    variable_type VARCHAR(64)
);

CREATE TABLE hosts (                  -- catalogue of galaxies
    host_id VARCHAR(64),
    ra_deg DOUBLE PRECISION,
    dec_deg DOUBLE PRECISION,
    magnitude DOUBLE PRECISION
);

CREATE TABLE eyeballs (               -- what people said of candidates: 1 real, 0 bogus
    candidate_id VARCHAR(64) REFERENCES candidates (candidate_id),
    label INTEGER,
    judged_at VARCHAR(32)
);

CREATE TABLE truth (                  -- known for a synthetic sky only; read by evaluation alone
    candidate_id VARCHAR(64) PRIMARY KEY REFERENCES candidates (candidate_id),
    kind VARCHAR(64),
    is_real INTEGER,
    source_id VARCHAR(64)
);

CREATE INDEX exposures_night ON exposures (night);
CREATE INDEX candidates_exposure ON candidates (exposure_id);
CREATE INDEX movers_exposure ON movers (exposure_id);
