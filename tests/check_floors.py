#!/usr/bin/env python3
"""Each module may include only the modules on its line (docs/architecture.md). Prints every breach; exit status 1 then.

Usage: tests/check_floors.py [ROOT]    ROOT: the repository, by default the one this file is in
"""
import pathlib
import re
import sys

FLOORS = {  # module: what it may include (itself is always allowed)
    'core': '',
    'log': 'core',
    'audit': 'core log',
    'metrics': 'core',
    'config': 'core log',
    'async': 'core log',
    'crypto': 'core',
    'limits': 'core log metrics async crypto db',
    'http': 'core log audit metrics async limits',
    'client': 'core log metrics async',
    'db': 'core log metrics async crypto',
    'auth': 'core log audit metrics async crypto limits http db',
    'ejabberd': 'core log metrics async crypto client',
}
GROUND = 'core log audit metrics async crypto limits http client db auth ejabberd'
FEATURES = ['account', 'groups', 'push', 'turn', 'server_info', 'demo', 'docs', 'health']
FLOORS |= {feature: GROUND for feature in FEATURES}   # a feature never includes another feature
FLOORS['account'] += ' push groups'                   # but account tells push and groups to forget a user
FLOORS['app'] = ' '.join(FLOORS)                      # the composition root sees everything; nothing sees it


def breaches(root):
    files = [*root.glob('include/veil/*/*.hpp'), *root.glob('src/*/*.?pp')]
    for path in sorted(files):
        module = path.parent.name
        if module not in FLOORS:
            yield f'{path.relative_to(root)}: module {module} stands on no floor'
            continue
        allowed = {module, *FLOORS[module].split()}
        for number, line in enumerate(path.read_text().splitlines(), 1):
            included = re.match(r'#include [<"]veil/(\w+)/', line)
            if included and included[1] not in allowed:
                yield f'{path.relative_to(root)}:{number}: {module} may not include {included[1]}'


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    found = list(breaches(root))
    print('\n'.join(found) if found else 'every module stays on its floor')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
