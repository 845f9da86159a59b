# shellcheck shell=bash disable=SC2034
# Shell functions that the programs in tools/ share. Sourced by bash, from any folder.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(basename "$0")

say() { printf '%s\n' "$*"; }
complain() { printf '%s: %s\n' "$program" "$*" >&2; }
die() {
    complain "$@"
    exit 1
}

# The distribution's own Python: another one found first on the path does not have its modules.
if [ -x /usr/bin/python3 ]; then python=/usr/bin/python3; else python=python3; fi

jobs_here() { nproc 2>/dev/null || echo 2; }

# configure FOLDER [MESON ARGUMENTS...]: makes the build folder, or brings an old one up to date.
# Where an old folder cannot be brought up to date it is made anew.
configure() {
    local folder=$1
    shift
    if [ -f "$folder/meson-private/coredata.dat" ]; then
        meson setup --reconfigure "$@" "$folder" "$top" ||
            meson setup --wipe "$@" "$folder" "$top"
    else
        meson setup "$@" "$folder" "$top"
    fi
}

# build FOLDER [TARGET...]: compiles everything in it, or what is named.
build() {
    local folder=$1
    shift
    ninja -C "$folder" -j "$(jobs_here)" "$@"
}
