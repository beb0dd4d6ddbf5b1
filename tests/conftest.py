"""What holds for every test: no settings from outside, and no model files outside the test's own folder."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

# Set before core.settings is read for the first time; test processes share nothing.
FOLDER = tempfile.mkdtemp(prefix="bitdial-test-")
os.environ["BITDIAL_ARTIFACTS"] = FOLDER
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
