-- Exposures of one night: the file of each image and what describes it.
SELECT exposure_id, night, telescope, detector, band, time_mjd, exposure_s, zeropoint, gain, read_noise,
       saturation, fwhm_pixel, pixel_scale_arcsec, science_path, template_path, difference_path
FROM exposures
WHERE night = :night
