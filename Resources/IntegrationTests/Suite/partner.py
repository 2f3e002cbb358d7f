#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for the Orthanc that the suite starts as the partner of the one under test. The suite edits the default
configuration that "Orthanc --config=" writes, options included that Orthanc 1.13 keeps in a second file."""

import os
import pathlib
import subprocess
import sys


def get_defaults(option):
    return subprocess.run(['Orthanc', option + '=-'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True).stdout.splitlines()


def get_members(lines):
    """The lines between the outermost braces, which stand alone."""
    return lines[lines.index('{') + 1:len(lines) - lines[::-1].index('}') - 1]


if sys.argv[1].startswith('--config='):
    parts = [get_members(lines) for lines in (get_defaults('--config'), get_defaults('--advanced-config')) if lines]
    text = ',\n'.join('\n'.join(lines) for lines in parts)
    pathlib.Path(sys.argv[1].partition('=')[2]).write_text('{\n%s\n}\n' % text)
else:
    os.execvp('Orthanc', ['Orthanc', *sys.argv[1:]])
