"""Alert packets: Avro, schemas, files, their index, and the bytes of cutouts."""
