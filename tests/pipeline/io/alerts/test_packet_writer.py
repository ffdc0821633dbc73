import fastavro
import numpy as np
from astropy.io import fits

from pipeline.io.alerts.packet_writer import fits_bytes, write_packets, ztf_packet


def test_packets_are_what_fastavro_and_astropy_read(tmp_path):
    pixels = np.arange(6, dtype=np.float32).reshape(2, 3)
    packet = ztf_packet([fits_bytes(pixels), None, fits_bytes(pixels, zipped=False)], object_id="o", history=2)
    with write_packets(tmp_path / "p.avro", [packet], codec="snappy", candid_on_top=False).open("rb") as stream:
        (found,) = fastavro.reader(stream)
    assert "candid" not in found
    assert found["candidate"]["candid"] == 1
    assert len(found["prv_candidates"]) == 2
    assert found["cutoutTemplate"] is None
    (tmp_path / "s.fits.gz").write_bytes(found["cutoutScience"]["stampData"])
    (tmp_path / "d.fits").write_bytes(found["cutoutDifference"]["stampData"])
    for name in ("s.fits.gz", "d.fits"):
        np.testing.assert_array_equal(fits.getdata(tmp_path / name), pixels)
