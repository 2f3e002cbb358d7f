# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that were written for Python 2, loaded unchanged into Python 3.

A string of Python 2 is made of bytes and mixes with text. What comes from outside is a ByteString here, and where the
language itself decides, the syntax tree is made to call a function that knows both kinds."""

import ast
import base64
import hashlib
import io
import pathlib
import re
import subprocess
import sys
import types

LOSSLESS = ('utf-8', 'surrogateescape')


def as_bytes(value):
    return value.encode(*LOSSLESS) if isinstance(value, str) else value


def as_text(value):
    return bytes(value).decode(*LOSSLESS) if isinstance(value, bytes) else value


def lift(value):
    """Bytes become strings of Python 2, also inside of lists and tuples."""
    if isinstance(value, (list, tuple)):
        return type(value)(lift(item) for item in value)
    return ByteString(value) if type(value) is bytes else value


def tolerant(function):
    """The same function, whose arguments may be text."""
    def call(*arguments):
        return lift(function(*[as_bytes(argument) for argument in arguments]))
    return call


class ByteString(bytes):
    def __str__(self):
        return self.decode('utf-8', 'replace')

    def __repr__(self):
        return repr(str(self))

    def __format__(self, specification):
        return format(str(self), specification)

    def __getitem__(self, index):
        item = super().__getitem__(index)
        return chr(item) if isinstance(item, int) else lift(item)

    def __radd__(self, other):
        return lift(as_bytes(other) + bytes(self))

    def __ne__(self, other):
        return not self == other

    __hash__ = bytes.__hash__


for method in ('__add__ __contains__ __eq__ count endswith find index lower lstrip replace rfind rsplit rstrip split'
               ' splitlines startswith strip upper').split():
    setattr(ByteString, method, tolerant(getattr(bytes, method)))


# What the syntax tree calls

def format_(template, values):
    items = values if isinstance(values, tuple) else (values,)
    if not isinstance(template, str) or not any(isinstance(item, bytes) for item in items):
        return template % values
    return lift(as_bytes(template % tuple(as_text(item) for item in items)))


def add_(left, right):
    if {str, bytes} == {kind for kind in (str, bytes) for side in (left, right) if isinstance(side, kind)}:
        return lift(as_bytes(left) + as_bytes(right))
    return left + right


def decode_(value, *encoding):
    return value if isinstance(value, str) else value.decode(*encoding)


def encode_(value, *encoding):
    return value if isinstance(value, bytes) else lift(value.encode(*encoding))


VIEWS = {'keys', 'values', 'items', 'iterkeys', 'itervalues', 'iteritems'}


class Translator(ast.NodeTransformer):
    def visit_BinOp(self, node):
        self.generic_visit(node)
        function = {ast.Mod: 'format_', ast.Add: 'add_'}.get(type(node.op))
        return self.make_call(node, function, [node.left, node.right]) if function else node

    def visit_Call(self, node):
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return node
        name = node.func.attr
        if name in ('encode', 'decode') and not node.keywords:
            return self.make_call(node, name + '_', [node.func.value, *node.args])
        if name in VIEWS and not node.args:
            node.func.attr = name.removeprefix('iter')
            return self.make_call(node, 'list', [node])
        return node

    @staticmethod
    def make_call(node, function, arguments):
        return ast.copy_location(ast.Call(ast.Name(function, ast.Load()), arguments, []), node)


# What modules import

class Hash:
    def __init__(self, make, data=b''):
        self.hash = make(as_bytes(data))

    def update(self, data):
        self.hash.update(as_bytes(data))

    def hexdigest(self):
        return self.hash.hexdigest()


class Popen(subprocess.Popen):
    def communicate(self, *arguments, **options):
        return lift(super().communicate(*arguments, **options))


class BytesIO(io.BytesIO):
    def __init__(self, content=b''):
        super().__init__(as_bytes(content))


def searching(function):
    """A function of the module re, that looks into bytes as into text."""
    def call(pattern, *arguments, **options):
        return function(as_text(pattern), *[as_text(argument) for argument in arguments], **options)
    return call


def find_all(pattern, subject, *flags):
    found = re.findall(as_text(pattern), as_text(subject), *flags)
    return lift([as_bytes(item) for item in found]) if isinstance(subject, bytes) else found


def changed(module, **replacements):
    copy = types.ModuleType(module.__name__)
    copy.__dict__.update(module.__dict__)
    copy.__dict__.update(replacements)
    return copy


def listing(function):
    return lambda *arguments: list(function(*arguments))


REPLACEMENTS = {
    **{function.__name__: function for function in (format_, add_, decode_, encode_, BytesIO)},
    'StringIO': BytesIO,
    **{function.__name__: listing(function) for function in (map, filter, zip)},
    're': changed(re, findall=find_all, **{name: searching(getattr(re, name))
                                           for name in ('finditer', 'match', 'search', 'split', 'sub')}),
    'hashlib': changed(hashlib, **{name: lambda *data, make=getattr(hashlib, name): Hash(make, *data)
                                   for name in ('md5', 'sha1')}),
    'base64': changed(base64, b64decode=tolerant(base64.b64decode),
                      b64encode=lambda data: base64.b64encode(as_bytes(data)).decode()),
    'subprocess': changed(subprocess, Popen=Popen,
                          check_output=lambda *command, **options: lift(subprocess.check_output(*command, **options))),
}


def load(path):
    """The module in this file, which others find under its name."""
    path = pathlib.Path(path)
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    sys.modules[path.stem] = module
    tree = ast.fix_missing_locations(Translator().visit(ast.parse(path.read_text(encoding='utf-8'))))
    exec(compile(tree, str(path), 'exec'), module.__dict__)
    module.__dict__.update(REPLACEMENTS)
    return module
