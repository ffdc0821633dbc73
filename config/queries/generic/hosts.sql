-- The catalogue of galaxies.
SELECT host_id, ra_deg, dec_deg, magnitude FROM hosts
