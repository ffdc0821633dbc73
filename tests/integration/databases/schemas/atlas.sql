CREATE TABLE atlas_metadataddc (id BIGINT PRIMARY KEY, obs VARCHAR(30), mjd DOUBLE PRECISION);
CREATE TABLE atlas_diff_objects (
    id BIGINT PRIMARY KEY, realbogus_factor DOUBLE PRECISION, zooniverse_score DOUBLE PRECISION, detection_list_id SMALLINT
);
CREATE TABLE tcs_latest_object_stats (id BIGINT PRIMARY KEY, external_crossmatches VARCHAR(300));
CREATE TABLE atlas_detectionsddc (
    id BIGINT PRIMARY KEY, atlas_metadata_id BIGINT, atlas_object_id BIGINT, ra DOUBLE PRECISION, "dec" DOUBLE PRECISION,
    mag DOUBLE PRECISION, dmag DOUBLE PRECISION, x DOUBLE PRECISION, y DOUBLE PRECISION, det SMALLINT, pvr SMALLINT,
    ptr SMALLINT, pkn SMALLINT, image_group_id BIGINT
);
