#!/bin/sh
# SPDX-License-Identifier: MIT
# Links of whole frames, in a network namespace that the program makes for itself: root only.
[ "$(id -u)" = 0 ] || { echo "skipped: namespaces need root"; exit 77; }
command -v ip >/dev/null || { echo "skipped: needs ip"; exit 77; }
exec unshare --net -- "$PROGRAMS/live_link_frames"
