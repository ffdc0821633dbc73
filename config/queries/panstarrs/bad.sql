-- Bogus: a range of scores on a list, with a catalogue's word on the place; and the objects of one group of people's own.
SELECT i.image_filename AS candidate_id, o.id AS object_id, i.image_filename AS exposure_id, o.ra_psf AS ra_deg,
       o.dec_psf AS dec_deg, i.mjd_obs AS time_mjd
FROM tcs_transient_objects AS o
JOIN tcs_postage_stamp_images AS i ON i.image_filename LIKE o.id || '~_%' ESCAPE '~'
WHERE i.image_type = 'diff' AND i.pss_error_code = 0 AND i.image_filename NOT LIKE '%4300000000%'
  AND i.filter LIKE CASE :camera WHEN 'gpc1' THEN '%00000' WHEN 'gpc2' THEN '%00002' END
  AND i.mjd_obs >= :night_start_mjd AND i.mjd_obs < :night_stop_mjd
  AND ((o.confidence_factor >= :bad_score_from AND o.confidence_factor < :bad_score_to
        AND o.detection_list_id = :bad_list AND o.sherlockClassification IS NOT NULL
        AND o.followup_flag_date > :flag_date)
       OR EXISTS (SELECT 1 FROM tcs_object_groups AS g
                  WHERE g.transient_object_id = o.id AND g.object_group_id = :bad_group))
