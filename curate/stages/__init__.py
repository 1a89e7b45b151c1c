"""The stages, one file each, named by its verb."""
