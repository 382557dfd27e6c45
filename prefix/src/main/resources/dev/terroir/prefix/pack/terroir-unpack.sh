#!/bin/sh
# Fits the environment to the folder that it was unpacked into. To be run once.
here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
for python in "$here/bin/python3" "$here/bin/python" python3 python; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 4))' >/dev/null 2>&1; then
    exec "$python" -I -B - "$here" <<'END'
import json, os, re, sys


def main(here):
    listing = os.path.join(here, '.terroir-pack.json')
    with open(listing, encoding='utf-8') as file:
        pack = json.load(file)
    if pack.get('format') != 'terroir-pack/1':
        return 'the environment was packed in a form that this program does not know'
    placed = pack.get('unpackedAt')
    if placed == here:
        print('the environment lies where it was fitted to')
        return None
    if placed:
        return 'the environment was fitted to %s and has been moved since; unpack the archive here again' % placed
    new = os.fsencode(here)
    room = min([len(os.fsencode(item['placeholder'])) for item in pack['files'] if item['mode'] == 'binary'] or [len(new)])
    if len(new) > room:
        return '%s has %d bytes; programs in the environment have room for %d: unpack it at a shorter place' % (here, len(new), room)
    for item in pack['files']:
        path = os.path.join(here, *item['path'].split('/'))
        with open(path, 'rb') as file:
            old = file.read()
        placeholder = os.fsencode(item['placeholder'])
        data = binary(old, placeholder, new) if item['mode'] == 'binary' else text(old, placeholder, new)
        if data != old:
            write(path, data, os.stat(path).st_mode)
    pack['unpackedAt'] = here
    write(listing, json.dumps(pack, indent=1).encode('utf-8') + b'\n', 0o644)
    print('the environment is fitted to %s: %d files' % (here, len(pack['files'])))
    return None


def binary(data, placeholder, new):
    def place(match):
        found = match.group()
        return found.replace(placeholder, new) + b'\0' * (found.count(placeholder) * (len(placeholder) - len(new)))

    return re.sub(re.escape(placeholder) + b'[^\0]*\0', place, data)


def text(data, placeholder, new):
    line, end, rest = data.partition(b'\n')
    isProgram = line.startswith(b'#!') and line[2:].strip().startswith(placeholder)
    line = line.replace(placeholder, new)
    if isProgram and (len(line) > 127 or b' ' in new):
        # The system reads no longer first line, and takes a space for the end of the program.
        words = line[2:].strip()[len(new):].split(None, 1)
        name = words[0].rsplit(b'/', 1)[-1]
        if name.startswith(b'python'):
            # A shell reads the first of these lines as a command, Python all of them as a string.
            command = b' '.join([b'"' + new + words[0] + b'"'] + words[1:])
            line = b'#!/bin/sh\n\'\'\'exec\' ' + command + b' "$0" "$@"\n\' \'\'\''
        else:
            line = b' '.join([b'#!/usr/bin/env', name] + words[1:])
    return line + end + rest.replace(placeholder, new)


def write(path, data, mode):
    beside = path + '.terroir-unpack'
    with open(beside, 'wb') as file:
        file.write(data)
    os.chmod(beside, mode & 0o7777)
    os.replace(beside, path)


try:
    problem = main(sys.argv[1])
except (OSError, ValueError, KeyError) as e:
    problem = e
if problem:
    sys.exit('terroir-unpack: %s' % problem)
END
  fi
done
echo "terroir-unpack: a Python 3 is needed, in the environment or on PATH" >&2
exit 1
