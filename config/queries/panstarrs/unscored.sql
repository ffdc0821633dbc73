-- For inference: objects on a list that have no score yet, and stamps.
SELECT i.image_filename AS candidate_id, o.id AS object_id, i.image_filename AS exposure_id, o.ra_psf AS ra_deg,
       o.dec_psf AS dec_deg, i.mjd_obs AS time_mjd
FROM tcs_transient_objects AS o
JOIN tcs_postage_stamp_images AS i ON i.image_filename LIKE o.id || '~_%' ESCAPE '~'
WHERE i.image_type = 'diff' AND i.pss_error_code = 0 AND i.image_filename NOT LIKE '%4300000000%'
  AND i.filter LIKE CASE :camera WHEN 'gpc1' THEN '%00000' WHEN 'gpc2' THEN '%00002' END
  AND i.mjd_obs >= :night_start_mjd AND i.mjd_obs < :night_stop_mjd
  AND o.detection_list_id = :list AND o.confidence_factor IS NULL AND o.tcs_images_id IS NOT NULL
