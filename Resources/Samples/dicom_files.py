# SPDX-License-Identifier: GPL-3.0-or-later
"""DICOM files: the real ones beside the repository when they are there, and small generated ones."""

import os
import pathlib
import struct
import uuid

SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7'
EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
LONG_FORMS = ('OB', 'OW', 'SQ', 'UN', 'UT')


def new_uid():
    return '2.25.%d' % uuid.uuid4().int


def real_files(folder):
    """The files of ../shared/data/FOLDER beside the repository, or none. REGISTRY_DATA names another place."""
    named = os.environ.get('REGISTRY_DATA')
    data = pathlib.Path(named) if named else pathlib.Path(__file__).resolve().parents[3] / 'shared' / 'data'
    return sorted((data / folder).glob('*.dcm'))


def _element(group, element, vr, value):
    if isinstance(value, str):
        value = value.encode()
    if len(value) % 2:
        value += b'\0' if vr in ('UI', 'OB') else b' '
    head = struct.pack('<HH2s', group, element, vr.encode())
    if vr in LONG_FORMS:
        return head + struct.pack('<HI', 0, len(value)) + value
    return head + struct.pack('<H', len(value)) + value


def make_instance(patient='Generated', study=None, series=None, number=1, size=16, pixels=None):
    """A secondary capture of size x size pixels, with UIDs of its own, as the bytes of a file."""
    if pixels is None:
        pixels = bytes(i % 256 for i in range(size * size))
    instance = new_uid()
    unsigned = lambda value: struct.pack('<H', value)
    meta = (_element(2, 0x01, 'OB', b'\0\1')
            + _element(2, 0x02, 'UI', SECONDARY_CAPTURE)
            + _element(2, 0x03, 'UI', instance)
            + _element(2, 0x10, 'UI', EXPLICIT_LITTLE_ENDIAN)
            + _element(2, 0x12, 'UI', '2.25.1'))
    data = (_element(0x08, 0x16, 'UI', SECONDARY_CAPTURE)
            + _element(0x08, 0x18, 'UI', instance)
            + _element(0x08, 0x20, 'DA', '20200101')
            + _element(0x08, 0x30, 'TM', '120000')
            + _element(0x08, 0x50, 'SH', '')
            + _element(0x08, 0x60, 'CS', 'OT')
            + _element(0x08, 0x64, 'CS', 'SYN')
            + _element(0x08, 0x90, 'PN', '')
            + _element(0x08, 0x1030, 'LO', 'Generated study')
            + _element(0x10, 0x10, 'PN', patient)
            + _element(0x10, 0x20, 'LO', patient)
            + _element(0x10, 0x30, 'DA', '')
            + _element(0x10, 0x40, 'CS', 'O')
            + _element(0x20, 0x0d, 'UI', study or new_uid())
            + _element(0x20, 0x0e, 'UI', series or new_uid())
            + _element(0x20, 0x10, 'SH', '1')
            + _element(0x20, 0x11, 'IS', '1')
            + _element(0x20, 0x13, 'IS', str(number))
            + _element(0x28, 0x02, 'US', unsigned(1))
            + _element(0x28, 0x04, 'CS', 'MONOCHROME2')
            + _element(0x28, 0x10, 'US', unsigned(size))
            + _element(0x28, 0x11, 'US', unsigned(size))
            + _element(0x28, 0x100, 'US', unsigned(8))
            + _element(0x28, 0x101, 'US', unsigned(8))
            + _element(0x28, 0x102, 'US', unsigned(7))
            + _element(0x28, 0x103, 'US', unsigned(0))
            + _element(0x7fe0, 0x10, 'OB', pixels))
    return b'\0' * 128 + b'DICM' + _element(2, 0, 'UL', struct.pack('<I', len(meta))) + meta + data


def make_study(count, patient='Generated'):
    """COUNT instances of one series."""
    study, series = new_uid(), new_uid()
    return [make_instance(patient, study, series, number) for number in range(1, count + 1)]
