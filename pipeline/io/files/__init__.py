"""What is done with files of any kind: bounded, unpacked, digested, remembered, named."""
