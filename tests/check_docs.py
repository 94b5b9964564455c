#!/usr/bin/env python3
"""Every test that a page of docs/ names as `file::name` must exist. Prints those that do not; exit status 1 then.

Usage: tests/check_docs.py [ROOT]    ROOT: the repository, by default the one this file is in
"""
import pathlib
import re
import sys

FOLDERS = ('unit', 'integration', 'fuzz', 'e2e/calls/stories', 'hold')
NAMED = re.compile(r'`(\w+\.(?:py|cpp|mjs))::([^`]+)`')


def definition(file, name):
    """How the language of the file begins a test of this name."""
    word = re.escape(name)
    return {
        '.py': rf'^(async )?def {word}\(',
        '.cpp': rf'^TEST(_F|_P)?\(\w+, {word}\)|^extern "C" int {word}\(',
        '.mjs': rf'^\s*"{word}":',
    }[file.suffix]


def exists(root, file, name):
    paths = [root / 'tests' / folder / file for folder in FOLDERS]
    return any(path.is_file() and re.search(definition(path, name), path.read_text(), re.MULTILINE) for path in paths)


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    named = [(page, *match) for page in sorted(root.glob('docs/*.md')) for match in NAMED.findall(page.read_text())]
    missing = [f'{page.name}: there is no {file}::{name}' for page, file, name in named if not exists(root, file, name)]
    print('\n'.join(missing) if missing else f'all {len(named)} tests that docs/ names exist')
    return 1 if missing or not named else 0


if __name__ == '__main__':
    sys.exit(main())
