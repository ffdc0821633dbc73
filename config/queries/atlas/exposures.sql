-- Exposures of one camera in one night, with the place of the difference image: the exposure's name begins with the
-- camera and the number of the night. Columns that start a path are letters and digits alone.
SELECT m.obs AS exposure_id, m.mjd AS time_mjd, SUBSTR(m.obs, 1, 3) AS detector, SUBSTR(m.obs, LENGTH(m.obs), 1) AS band,
       '/atlas/diff/' || SUBSTR(m.obs, 1, 3) || '/' || SUBSTR(m.obs, 4, 5) || '/' || m.obs || '.diff.fz' AS difference_path
FROM atlas_metadataddc AS m
WHERE SUBSTR(m.obs, 1, LENGTH(:camera)) = :camera
  AND m.mjd > :night_start_mjd AND m.mjd < :night_stop_mjd
