CREATE TABLE tcs_transient_objects (
    id BIGINT PRIMARY KEY, detection_list_id SMALLINT, observation_status VARCHAR(40), confidence_factor DOUBLE PRECISION,
    followup_flag_date DATE, followup_id INTEGER, sherlockClassification VARCHAR(40), tcs_images_id BIGINT,
    ra_psf DOUBLE PRECISION, dec_psf DOUBLE PRECISION
);
CREATE TABLE tcs_object_comments (transient_object_id BIGINT, comment VARCHAR(200));
CREATE TABLE tcs_object_groups (transient_object_id BIGINT, object_group_id INTEGER);
CREATE TABLE tcs_postage_stamp_images (
    id BIGINT PRIMARY KEY, image_type VARCHAR(20), image_filename VARCHAR(255), pss_filename VARCHAR(255),
    mjd_obs DOUBLE PRECISION, pss_error_code SMALLINT, filter VARCHAR(80)
);
