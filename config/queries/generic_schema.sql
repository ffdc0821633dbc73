-- Tables of a generic survey. Ids are text; angles in degrees, times in UTC MJD, pixels 0-based with the
-- centre of the first pixel at 0; paths are relative to the survey's folder.

CREATE TABLE exposures (
    exposure_id TEXT PRIMARY KEY,
    night TEXT NOT NULL,              -- local date of the evening, YYYY-MM-DD
    telescope TEXT,
    detector TEXT,
    band TEXT,
    time_mjd REAL,                    -- middle of the exposure
    exposure_s REAL,
    zeropoint REAL,                   -- magnitude of 1 ADU
    gain REAL,                        -- electrons an ADU
    read_noise REAL,                  -- electrons
    saturation REAL,                  -- ADU
    fwhm_pixel REAL,
    pixel_scale_arcsec REAL,
    science_path TEXT,
    template_path TEXT,
    difference_path TEXT
);

CREATE TABLE candidates (
    candidate_id TEXT PRIMARY KEY,
    object_id TEXT NOT NULL,          -- shared by candidates at one place of the sky
    exposure_id TEXT NOT NULL REFERENCES exposures,
    ra_deg REAL,
    dec_deg REAL,
    x_pixel REAL,
    y_pixel REAL,
    magnitude REAL,
    magnitude_error REAL,
    fwhm_pixel REAL,
    snr REAL,
    flux_sign INTEGER                 -- of science - template: +1 or -1
);

CREATE TABLE movers (                 -- ephemeris: where known solar-system objects were
    mover_id TEXT,
    exposure_id TEXT REFERENCES exposures,
    time_mjd REAL,
    ra_deg REAL,
    dec_deg REAL,
    magnitude REAL
);

CREATE TABLE variables (              -- catalogue of variable stars
    variable_id TEXT,
    ra_deg REAL,
    dec_deg REAL,
    variable_type TEXT
);

CREATE TABLE hosts (                  -- catalogue of galaxies
    host_id TEXT,
    ra_deg REAL,
    dec_deg REAL,
    magnitude REAL
);

CREATE TABLE eyeballs (               -- what people said of candidates: 1 real, 0 bogus
    candidate_id TEXT REFERENCES candidates,
    label INTEGER,
    judged_at TEXT
);

CREATE TABLE truth (                  -- known for a synthetic sky only; read by evaluation alone
    candidate_id TEXT PRIMARY KEY REFERENCES candidates,
    kind TEXT,
    is_real INTEGER,
    source_id TEXT
);

CREATE INDEX exposures_night ON exposures (night);
CREATE INDEX candidates_exposure ON candidates (exposure_id);
CREATE INDEX movers_exposure ON movers (exposure_id);
