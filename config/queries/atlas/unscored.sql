-- For inference: detections of objects on a list that have no score yet.
SELECT d.id AS candidate_id, d.atlas_object_id AS object_id, m.obs AS exposure_id, d.ra AS ra_deg, d.dec AS dec_deg,
       d.x AS x_pixel, d.y AS y_pixel, d.mag AS magnitude, d.dmag AS magnitude_error, m.mjd AS time_mjd
FROM atlas_detectionsddc AS d
JOIN atlas_metadataddc AS m ON m.id = d.atlas_metadata_id
JOIN atlas_diff_objects AS o ON o.id = d.atlas_object_id
WHERE SUBSTR(m.obs, 1, LENGTH(:camera)) = :camera
  AND m.mjd > :night_start_mjd AND m.mjd < :night_stop_mjd
  AND o.detection_list_id = :list AND o.zooniverse_score IS NULL
