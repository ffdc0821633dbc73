"""Alert packets: Avro, schemas, files, their index, and their images.

A *stamp* is an image as a packet holds it (ZTF's ``stampData``, the settings' key ``stamps``), of any size; a *cutout*
is what Nightsift cuts from it.
"""
