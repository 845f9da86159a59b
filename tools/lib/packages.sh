# shellcheck shell=bash disable=SC2154
# What building, the demo and the tests need, and how it gets onto the machine. Sourced after common.sh.
#
# A line is: group, Debian package, how to tell that it is there, what for.
# Servers that tests use as peers are not here: they are fetched and unpacked by tests/interop, never installed.
packages() {
    cat <<'TABLE'
build    meson                      command:meson          the build system, 1.0 or newer
build    ninja-build                command:ninja          runs what meson writes
build    gcc                        command:gcc            the first compiler
build    libc6-dev                  header:stdio.h         the C library's headers
build    pkg-config                 command:pkg-config     finds the libraries below
build    python3                    command:python3        meson runs on it, and so do test scripts
demo     libuv1-dev                 library:libuv          the event loop of mailprotod and mailproto
demo     libsqlite3-dev             library:sqlite3        the index of the Maildir store
demo     libinih-dev                library:inih           the config file of mailprotod
demo     libjansson-dev             library:jansson        --json of mailproto
demo     nettle-dev                 library:nettle         sums of bodies in mailproto mime dump --jsonl
demo     libmbedtls-dev             header:mbedtls/ssl.h   TLS and SCRAM of mailprotod and mailproto
test     libcmocka-dev              library:cmocka         the unit tests are written with it
test     nettle-dev                 library:nettle         hashes of the tests of logins
test     libgsasl-dev               library:libgsasl       logins against another implementation
test     libssl-dev                 library:libssl         the example of a TLS of one's own
test     g++                        command:g++            the headers must compile as C++
test     clang                      command:clang          the second compiler
test     clang-format-14            command:clang-format-14  checks the layout of the sources
test     binutils                   command:nm             checks which symbols the library has
test     gcc-mingw-w64-x86-64-win32 command:x86_64-w64-mingw32-gcc  the Windows cross build
test     python3-cffi               python:cffi            the headers as Python sees them
test     luajit                     command:luajit         the headers as LuaJIT sees them
arm      gcc-aarch64-linux-gnu      command:aarch64-linux-gnu-gcc  the cross build for 64-bit ARM
arm      libc6-dev-arm64-cross      file:/usr/aarch64-linux-gnu/include/stdio.h  the C library of that build
arm      qemu-user-static           command:qemu-aarch64-static  runs its tests
fuzz     clang                      command:clang          libFuzzer is a part of it
fuzz     libclang-rt-14-dev         runtime:fuzzer         libFuzzer and the sanitizers' runtime
bench    libssl-dev                 library:libssl         the other end of TLS handshakes
bench    openssl                    command:openssl        their peer
bench    binutils                   command:ld             what an SMTP client alone links to
interop  swaks                      command:swaks          sends mail to mailprotod
interop  curl                       command:curl           sends mail to mailprotod and reads it back
interop  mpop                       command:mpop           reads mail from mailprotod by POP3
interop  fetchmail                  command:fetchmail      the same
interop  getmail6                   command:getmail        the same
interop  python3-aiosmtpd           python:aiosmtpd        an SMTP server for the client to talk to
interop  openssl                    command:openssl        makes the certificates that servers ask for
interop  gsasl                      command:gsasl          logs in to mailprotod, and is logged in to, by SCRAM
interop  libnet-ssleay-perl         perl:Net::SSLeay       TLS of swaks
TABLE
}

# is_there HOW: whether the thing that HOW (kind:name) names can be used.
is_there() {
    local kind=${1%%:*} name=${1#*:}
    case $kind in
    command) command -v "$name" >/dev/null 2>&1 ;;
    library) pkg-config --exists "$name" 2>/dev/null ;;
    python) "$python" -c "import $name" >/dev/null 2>&1 ;;
    runtime) compgen -G "$(clang -print-runtime-dir 2>/dev/null)/libclang_rt.$name*.a" >/dev/null ;;
    file) [ -e "$name" ] ;;
    perl) perl -M"$name" -e 1 >/dev/null 2>&1 ;;
    header) [ -e "/usr/include/$name" ] || [ -e "/usr/local/include/$name" ] ;;
    *) die "packages.sh: unknown kind '$kind'" ;;
    esac
}

# missing GROUP...: the lines of these groups for what is not there.
missing() {
    local groups=" $* " group package how purpose
    while read -r group package how purpose; do
        case $groups in *" $group "*) ;; *) continue ;; esac
        is_there "$how" || printf '%s\t%s\t%s\n' "$package" "${how/:/ }" "$purpose"
    done < <(packages)
}

# as_root COMMAND...: runs it as root if that needs no question; 1 if it cannot.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# need GROUP...: installs what these groups lack. Where it may not, it says what to do and ends the program.
# Nothing is installed and no network is used if all is there. Nothing is ever removed or upgraded on purpose.
need() {
    local lines names
    lines=$(missing "$@")
    [ -n "$lines" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1 || [ ! -e /etc/debian_version ]; then
        complain "this system lacks what is listed here; install it, then start $program again"
        printf '%s\n' "$lines" | while IFS=$'\t' read -r _ name purpose; do
            printf '  %-36s %s\n' "$name" "$purpose" >&2
        done
        exit 1
    fi
    names=$(printf '%s\n' "$lines" | cut -f 1 | tr '\n' ' ')
    names=${names% }
    if [ "$(id -u)" != 0 ] && ! as_root true; then
        complain "packages are missing and may not be installed by this user; run this, then $program again:"
        printf '  sudo apt-get install --no-install-recommends %s\n' "$names" >&2
        exit 1
    fi
    say "installing: $names"
    local quiet=(-y -q -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0) log
    log=$(mktemp)
    # shellcheck disable=SC2086  # the names are words
    if ! {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" update &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install \
                --no-install-recommends --no-remove $names
    } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "these packages could not be installed: $names"
    fi
    rm -f "$log"
    lines=$(missing "$@")
    [ -z "$lines" ] || die "installed, and yet not usable: $(printf '%s\n' "$lines" | cut -f 2 | tr '\n' ' ')"
}
