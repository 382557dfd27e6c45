# Compiles modules for Terroir. Reads frames from standard input and answers each on standard
# output, until the input ends. A request is two blocks: the file name that goes into the code, and
# the source. An answer is one block: "+" and a .pyc, or "-" and why there is none. A block is its
# length in 4 bytes, little endian, and its bytes. The first answer says which Python this is.
import sys

sys.path[:] = [folder for folder in sys.path if folder]

import _frozen_importlib_external
import _imp
import marshal

CODE = type(compile("", "", "exec"))
MAGIC = _frozen_importlib_external.MAGIC_NUMBER
RAW_MAGIC = _frozen_importlib_external._RAW_MAGIC_NUMBER
UNCHECKED_HASH = (1).to_bytes(4, "little")
ATTRIBUTES = (
    "co_code", "co_lnotab", "co_varnames", "co_freevars", "co_cellvars",
) if sys.version_info < (3, 10) else (
    "co_code", "co_linetable", "co_varnames", "co_freevars", "co_cellvars",
) if sys.version_info < (3, 11) else (
    "co_linetable", "co_exceptiontable", "co_qualname", "co_varnames", "co_freevars",
    "co_cellvars",
)
# marshal tells interned strings from others. One-character strings are the same objects for all
# modules, and one that uses a character as a name would intern it for those that come later.
CHARACTERS = [sys.intern(chr(point)) for point in range(256)] + [sys.intern("")]

# marshal writes sets in a fixed order since 3.11; before, in the order of hashes, and that of None
# or ... is its address.
ORDERS_SETS = sys.version_info >= (3, 11)


def steady(value):
    """Whether the hash of a constant is the same in every process with the same seed."""
    if isinstance(value, tuple):
        return all(map(steady, value))
    return isinstance(value, (str, bytes, int, float, complex))


def hold(value, held):
    """Adds every object that marshal meets below a code object, so that none has one reference."""
    held.append(value)
    if isinstance(value, CODE):
        hold(value.co_consts, held)
        hold(value.co_names, held)
        hold(value.co_filename, held)
        hold(value.co_name, held)
        for attribute in ATTRIBUTES:
            hold(getattr(value, attribute), held)
    elif isinstance(value, (tuple, frozenset)):
        if not ORDERS_SETS and isinstance(value, frozenset) and not all(map(steady, value)):
            raise ValueError("a set constant in it has another order in every process")
        for element in value:
            hold(element, held)
    elif isinstance(value, slice):
        hold(value.start, held)
        hold(value.stop, held)
        hold(value.step, held)


def pyc(source, name):
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    held = []
    hold(code, held)
    data = marshal.dumps(code)
    return MAGIC + UNCHECKED_HASH + _imp.source_hash(RAW_MAGIC, source) + data


def main():
    requests = sys.stdin.buffer
    answers = sys.stdout.buffer

    def read():
        size = requests.read(4)
        return requests.read(int.from_bytes(size, "little")) if len(size) == 4 else None

    def write(kind, data):
        answers.write((len(data) + 1).to_bytes(4, "little") + kind)
        answers.write(data)
        answers.flush()

    python = "%s %d.%d %s" % (
        sys.implementation.name, sys.version_info[0], sys.version_info[1],
        sys.implementation.cache_tag)
    write(b"+", python.encode("ascii"))
    while True:
        name = read()
        source = read()
        if source is None:
            return
        try:
            write(b"+", pyc(source, name.decode("utf-8")))
        except Exception as error:
            text = "%s: %s" % (type(error).__name__, error)
            write(b"-", text.encode("utf-8", "backslashreplace"))


main()
