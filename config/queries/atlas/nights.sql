-- Nights with exposures of the camera, as the MJD of the evening's date.
SELECT DISTINCT FLOOR(m.mjd + :longitude_deg / 360.0 - 0.5) AS night_number
FROM atlas_metadataddc AS m
WHERE SUBSTR(m.obs, 1, LENGTH(:camera)) = :camera
