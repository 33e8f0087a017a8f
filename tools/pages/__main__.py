"""Put together what the documentation site is made of (mkdocs.yml): ``python -m pages ROOT TARGET``.

The pages link to each other, and to files beside them, as they lie in the repository. So the site has the same folders:
every page, and every file that one of them links to. A folder that is linked to is shown by its README, or by a list of
its files.
"""

import sys
from pathlib import Path

from pages.staging import stage

if __name__ == "__main__":
    root, target = map(Path, sys.argv[1:])
    stage(root.resolve(), target.resolve())
