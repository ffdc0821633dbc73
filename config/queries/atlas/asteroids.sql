-- Reals: detections at the place of a known asteroid, without a flag of the detector.
SELECT d.id AS candidate_id, d.atlas_object_id AS object_id, m.obs AS exposure_id, d.ra AS ra_deg, d.dec AS dec_deg,
       d.x AS x_pixel, d.y AS y_pixel, d.mag AS magnitude, d.dmag AS magnitude_error, m.mjd AS time_mjd
FROM atlas_detectionsddc AS d
JOIN atlas_metadataddc AS m ON m.id = d.atlas_metadata_id
WHERE SUBSTR(m.obs, 1, LENGTH(:camera)) = :camera
  AND m.mjd > :night_start_mjd AND m.mjd < :night_stop_mjd
  AND d.pkn > :asteroid_score AND d.det = 0 AND d.mag > 0
