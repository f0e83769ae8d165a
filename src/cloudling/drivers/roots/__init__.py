"""What stands behind images: folders with a system each, built once and shared by all clouds."""

from cloudling.drivers.roots.driver import FolderRoots

__all__ = ["FolderRoots"]
