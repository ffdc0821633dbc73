-- Bogus: objects on the garbage list that the machine scored low and no other survey knows, with stamps, away from
-- known asteroids and without a flag of the detector.
SELECT d.id AS candidate_id, d.atlas_object_id AS object_id, m.obs AS exposure_id, d.ra AS ra_deg, d.dec AS dec_deg,
       d.x AS x_pixel, d.y AS y_pixel, d.mag AS magnitude, d.dmag AS magnitude_error, m.mjd AS time_mjd
FROM atlas_detectionsddc AS d
JOIN atlas_metadataddc AS m ON m.id = d.atlas_metadata_id
JOIN atlas_diff_objects AS o ON o.id = d.atlas_object_id
JOIN tcs_latest_object_stats AS s ON s.id = o.id
WHERE SUBSTR(m.obs, 1, LENGTH(:camera)) = :camera
  AND m.mjd > :night_start_mjd AND m.mjd < :night_stop_mjd
  AND o.realbogus_factor < :junk_score AND o.detection_list_id = :junk_list AND s.external_crossmatches IS NULL
  AND d.pkn = 0 AND d.det = 0 AND d.mag > 0 AND d.image_group_id IS NOT NULL
