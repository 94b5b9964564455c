#!/usr/bin/env python3
"""Every test that a page of docs/ names, as `file::name` or as `fuzz/file`, must exist. Prints those that do not; exit
status 1 then.

Usage: tests/check_docs.py [ROOT]    ROOT: the repository, by default the one this file is in
"""
import pathlib
import re
import sys

FOLDERS = ('unit', 'integration', 'hold', 'e2e/calls/stories')
NAMED = re.compile(r'`(\w+\.(?:py|cpp|mjs))::([^`]+)`|`(fuzz/\w+\.cpp)`')
DEFINITIONS = {  # how a test of that name begins in a file of that kind
    '.py': r'^def {}\(',
    '.cpp': r'^TEST(_F|_P)?\(\w+, {}\)',
    '.mjs': r'^\s*"{}":',
}


def exists(tests, file, name, target):
    if target:
        return (tests / target).is_file()
    paths = [tests / folder / file for folder in FOLDERS]
    begins = re.compile(DEFINITIONS[paths[0].suffix].format(re.escape(name)), re.MULTILINE)
    return any(path.is_file() and begins.search(path.read_text()) for path in paths)


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    named = [(page, *match) for page in sorted(root.glob('docs/*.md')) for match in NAMED.findall(page.read_text())]
    missing = [f'{page.name} names {target or file + "::" + name}, which is not there'
               for page, file, name, target in named if not exists(root / 'tests', file, name, target)]
    print('\n'.join(missing) if missing else f'all {len(named)} tests that docs/ names are there')
    return 1 if missing or not named else 0


if __name__ == '__main__':
    sys.exit(main())
