"""Services on the network: SkyBoT, orbit catalogues, image servers."""
