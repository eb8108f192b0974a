"""The selection methods, one file each: CSOD and what it is compared with.

The registry imports every module of this folder when a method is looked up, so that a new method is one new file.
"""
